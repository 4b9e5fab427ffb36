import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        order = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        print(*[order[name][0] for name in ("status", "orderId", "totalMoney", "returnData")], flush=True)
        self.send_response(200), self.end_headers()
        self.wfile.write(json.dumps({"errno": 0, "msg": "success", "data": {"isConsumed": 2}}).encode())

server = HTTPServer(("127.0.0.1", 0), Webhook)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
