from __future__ import annotations

from pathlib import Path

import pytest

from runwright.access.principals import InvalidPrincipals, read_principals

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FILE = """
principals:
  - arn: arn:aws:iam::111122223333:user/ana
    access_keys:
      - {id: AKIAIOSFODNN7EXAMPLE, secret: {env: ANA}}
      - {id: AKIAIOSFODNN7EXAMPL2, secret: {file: ana.secret}}
    policies: [operators]
policies:
  operators:
    Statement:
      - {Effect: Allow, Action: 'ssm:*', Resource: '*'}
"""


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "principals.yaml"
    path.write_text(text)
    path.chmod(mode)
    (folder / "ana.secret").write_text(SECRET + "\n")
    (folder / "ana.secret").chmod(0o600)
    return path


def test_principals_are_read_with_their_secrets_from_elsewhere(tmp_path: Path) -> None:
    first, second = read_principals(written(tmp_path, FILE), {"ANA": SECRET})

    assert (first.id, second.id) == ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL2")
    assert first.secret == second.secret == SECRET
    assert first.principal.account == "111122223333"
    assert SECRET not in repr(first)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidPrincipals, match="chmod 600"):
        read_principals(written(tmp_path, FILE, mode), {"ANA": SECRET})


def test_a_secret_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    (tmp_path / "ana.secret").chmod(0o644)

    with pytest.raises(InvalidPrincipals, match=r"ana\.secret may be read"):
        read_principals(path, {"ANA": SECRET})


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("secret: {env: ANA}", f"secret: {SECRET}", "is not written here but named"),
        ("secret: {env: ANA}", "secret: {env: BOB}", "has no variable BOB"),
        ("secret: {env: ANA}", "secret: {env: SHORT}", "fewer than 20 characters"),
        ("secret: {env: ANA}", "secret: {vault: x}", "from env or file, not vault"),
        ("ana.secret", "nobody.secret", "cannot be read"),
        ("AKIAIOSFODNN7EXAMPL2", "AKIAIOSFODNN7EXAMPLE", "in the file twice"),
        ("AKIAIOSFODNN7EXAMPLE", "123456789012", "16 to 128 letters"),
        ("[operators]", "[admins]", "no policy 'admins'; it has operators"),
        ("arn:aws:iam::111122223333:user/ana", "ana", "arn is that of a user or role"),
        ("    policies: [operators]", "    policies: [operators]\n    admin: true", "and no others"),
        ("policies:\n", "policies:\n  operators: {}\n", "'operators' is written twice"),
        ("Effect: Allow", "Effect: Permit", "Effect is Allow or Deny"),
        ("principals:", "principles:", "has the members principals"),
        ("[operators]", "[operators", "line"),
    ],
)
def test_a_broken_file_is_refused_and_its_secrets_are_not_shown(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in FILE

    with pytest.raises(InvalidPrincipals, match=complaint) as refused:
        read_principals(written(tmp_path, FILE.replace(old, new, 1)), {"ANA": SECRET, "SHORT": "abc"})

    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPrincipals, match="cannot be read: No such file"):
        read_principals(tmp_path / "none.yaml")
