import http.server

STATUS = 200


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS)
        self.end_headers()
        self.wfile.write(b'{"licence": "MIT"}\n')

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 8080), Handler)
with open("started", "w") as f:
    f.write("8080\n")
server.serve_forever()
