"""A server that answers every request with given bytes, whatever they are."""

import contextlib
import socketserver
import threading


@contextlib.contextmanager
def saying(content, every=None):
    """A server for as long as the context lasts; gives its address.

    Args:
        content: What follows the request: all of an answer, its head too.
        every: Seconds after each byte, the last of which is sent for ever; None: all at once.
    """
    stop = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            length = 0
            while (line := self.rfile.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            with contextlib.suppress(OSError):  # the client may have had enough
                if every is None:
                    self.wfile.write(content)
                    return
                place = 0
                while not stop.wait(every):
                    self.wfile.write(content[place : place + 1] or b" ")
                    place += 1

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            stop.set()
            server.shutdown()
            thread.join()


def http(body, status="200 OK", head=""):
    """An answer of HTTP: `body` is text or bytes."""
    body = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
