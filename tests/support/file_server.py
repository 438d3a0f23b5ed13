#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serves one folder over HTTP on 127.0.0.1 and misbehaves on request; for the tests of downloading.

Prints its port, then serves until it is ended, 120 seconds at the most. The first part of a path says how a file
is sent:
  /plain/F      with ranges                    /noranges/F   the whole file, whatever is asked
  /cut/F        once only half of it           /wrong/F      every byte changed
  /slow/F       ten bytes, then a long pause   /shifted/F    another range than was asked for
  /to/X/F       redirects to /X/F              /away/F       redirects to a file: address
  /around/F     redirects to itself            /requests     how often files were asked for, with which range
"""
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
requests: list[str] = []
already_cut: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def whole(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/requests":
            return self.whole("\n".join(requests).encode())
        manner, _, name = self.path[1:].partition("/")
        if manner == "to":
            return self.redirect("/" + name)
        if manner == "away":
            return self.redirect("file:///etc/hostname")
        if manner == "around":
            return self.redirect(self.path)
        requests.append(self.headers.get("Range", "whole"))
        try:
            with open(os.path.join(FOLDER, os.path.basename(name)), "rb") as file:
                body = file.read()
        except OSError:
            return self.send_error(404)

        if manner == "wrong":
            body = bytes(b ^ 0x55 for b in body)
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(found[1]) if found and manner != "noranges" else 0
        if found and manner != "noranges":
            if begin >= len(body):
                return self.send_error(416)
            self.send_response(206)
            told = begin + 1 if manner == "shifted" else begin
            self.send_header("Content-Range", f"bytes {told}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        body = body[begin:]
        if manner == "cut" and name not in already_cut:
            already_cut.add(name)
            body = body[: len(body) // 2]
        if manner == "slow":
            self.wfile.write(body[:10])
            self.wfile.flush()
            time.sleep(20)
        try:
            self.wfile.write(body)
        except OSError:
            pass
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
threading.Timer(120, lambda: os._exit(0)).start()
print(server.server_port, flush=True)
server.serve_forever()
