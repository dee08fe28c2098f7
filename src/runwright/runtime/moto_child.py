"""The process that is the simulated AWS: moto's server on a free loopback port. Run as a file, never imported.

It prints its port as one line when it accepts requests, and ends when its standard input does: the pipe's other end is
held by the process that started it, so that it ends with that one however that one ends.
"""

from __future__ import annotations

import logging
import os
import sys
import threading


def _end_with_the_starter() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    threading.Thread(target=_end_with_the_starter, daemon=True).start()

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line per request
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.server_port)  # moto builds URLs of its own from it
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
