"""A moto server whose Step Functions really execute state machines, with connections that stay open."""

from __future__ import annotations

import logging

from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class _Handler(MotoRequestHandler):  # type: ignore[misc, unused-ignore]  # moto publishes no types
    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve until killed."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
    print(f"http://127.0.0.1:{server.server_port}\nReady.", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
