# SPDX-License-Identifier: MIT
"""Makes JSON Web Tokens, good and hostile, with nothing but hmac and the openssl program."""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
from pathlib import Path


def b64(data: bytes | str | dict) -> str:
    if isinstance(data, dict):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hs256(claims: dict | str, secret: str | bytes, header: dict | None = None) -> str:
    secret = secret.encode() if isinstance(secret, str) else secret
    signed = b64(header or {"alg": "HS256", "typ": "JWT"}) + "." + b64(claims)
    return signed + "." + b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def make_key(folder: Path, kind: str, name: str = "") -> tuple[Path, Path]:
    """A new private and public key in PEM: kind RSA, RSA-1024, P-256 or P-384."""
    private, public = folder / f"{name or kind}.key", folder / f"{name or kind}.pub"
    if kind.startswith("RSA"):
        command = ["genrsa", "-out", str(private), "1024" if kind.endswith("1024") else "2048"]
    else:
        curve = {"P-256": "prime256v1", "P-384": "secp384r1"}[kind]
        command = ["ecparam", "-genkey", "-noout", "-name", curve, "-out", str(private)]
    subprocess.run(["openssl", *command], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True, capture_output=True)
    return private, public


def _raw_signature(der: bytes) -> bytes:
    """r and s of an ECDSA signature of P-256, 32 bytes each."""
    def integer(at: int) -> tuple[bytes, int]:
        length = der[at + 1]
        return der[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0"), at + 2 + length

    r, at = integer(2)
    return r + integer(at)[0]


def signed_by_key(claims: dict, private: Path, algorithm: str, header: dict | None = None) -> str:
    """RS256 or ES256."""
    signed = b64(header or {"alg": algorithm, "typ": "JWT"}) + "." + b64(claims)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(private)], input=signed.encode(), check=True,
                               capture_output=True).stdout
    return signed + "." + b64(_raw_signature(signature) if algorithm == "ES256" else signature)
