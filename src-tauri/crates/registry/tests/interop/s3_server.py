"""moto's S3 server, which answers one request after another.

    .venv/bin/pip install "moto[server]"
    .venv/bin/python s3_server.py [PORT]

As it comes (`moto_server`) it looks whether an object is there and then makes it, in two steps of several threads: of writers that ask for one name
at the same moment more than one may be told that they made it. Proofmark's self-test finds that sooner or later, and refuses to publish there.
"""

import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

turn = threading.Lock()
inner = DomainDispatcherApplication(create_backend_app)


def one_at_a_time(environ, start_response):
    with turn:
        return [b"".join(inner(environ, start_response))]


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 5055, one_at_a_time, threaded=True)
