import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

FIELDS = {"/": ("status", "orderId", "totalMoney", "returnData"), "/refund": ("orderId", "refundBatchId", "refundStatus")}

class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        data = {"isConsumed": 2}
        if self.path == "/audit":
            data = {"auditStatus": 1, "calculateRes": {"refundPayMoney": int(form["applyRefundMoney"][0])}}
        else:
            prefix = [] if self.path == "/" else [self.path]
            print(*prefix, *[form[name][0] for name in FIELDS[self.path]], flush=True)
        self.send_response(200), self.end_headers()
        self.wfile.write(json.dumps({"errno": 0, "msg": "success", "data": data}).encode())

server = HTTPServer(("127.0.0.1", 0), Webhook)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
