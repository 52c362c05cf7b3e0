"""A static service of one's own: what a broker asks for, in less than a hundred lines and nothing but Python's library.
    python3 static_service.py PORT USERS SECRET
USERS is a JSON file {"alice@acme": {"password": "...", "groups": ["dev"]}, ...}; SECRET is the broker's (its id: broker-1).
A real one keeps tokens and events in a database, in one transaction each, and speaks TLS.
"""
import base64, hashlib, hmac, json, secrets, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PORT, USERS, SECRET = int(sys.argv[1]), json.load(open(sys.argv[2])), sys.argv[3]
for user in USERS.values():  # hashed here for brevity; store only salt and hash
    user["salt"] = secrets.token_bytes(16)
    user["hash"] = hashlib.scrypt(user.pop("password").encode(), salt=user["salt"], n=2**14, r=8, p=1)

tokens = {}  # digest -> what it stands for
events = []  # (name, data)
BIRTH = int(time.time() * 1000)  # an event's id is BIRTH and its place from 1: what an earlier run gave out is never one of ours
changed = threading.Condition()


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def tell(name, data):
    with changed:
        events.append((name, data))
        changed.notify_all()


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def is_broker(self):
        wanted = "Basic " + base64.b64encode(f"broker-1:{SECRET}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/login":
            self.login(json.loads(body))
        elif self.path == "/logout":  # whoever holds the token may end it
            if tokens.pop(digest(body), None):
                tell("token.revoked", {"digest": digest(body)})
            self.answer(200, {})
        elif self.path == "/oauth2/introspect" and self.is_broker():
            self.introspect({name: values[0] for name, values in parse_qs(body).items()})
        else:
            self.answer(401 if self.path == "/oauth2/introspect" else 404, {"error": "no"})

    def login(self, asked):
        user = USERS.get(asked["username"], {"salt": b"-", "hash": b"-"})
        if not hmac.compare_digest(hashlib.scrypt(asked["password"].encode(), salt=user["salt"], n=2**14, r=8, p=1), user["hash"]):
            return self.answer(401, {"error": "wrong name or password"})
        token, (uid, eid) = secrets.token_urlsafe(32), asked["username"].split("@")
        grant = {"eid": eid, "uid": uid, "device": asked["device"], "kind": asked["kind"], "exp": int(time.time()) + 3600,
                 "groups": user.get("groups", []), "roles": [], "partners": [], "channels": []}
        tokens[digest(token)] = grant
        tell("token.issued", {"digest": digest(token), **grant})  # before the client has it
        self.answer(200, {"username": asked["username"], "client_id": f'{asked["username"]}:{asked["device"]}', "token": token})

    def introspect(self, asked):
        grant = tokens.get(digest(asked.get("token", "")))
        self.answer(200, {"active": True, **grant} if grant and grant["exp"] > time.time() else {"active": False})

    def do_GET(self):
        if self.path != "/control/v1/feed" or not self.is_broker():  # no directory: rights come with the logins
            return self.answer(401 if self.path == "/control/v1/feed" else 404, {"error": "no"})
        newest = BIRTH + len(events)
        since = int(self.headers.get("Last-Event-ID") or newest)
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Feed-Position": str(since), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if not BIRTH <= since <= newest:  # from before we were started: what happened meanwhile is not known
            self.send_event(newest, "snapshot.required", {})
            since = newest
        while True:
            with changed:
                changed.wait_for(lambda: BIRTH + len(events) > since, timeout=10)
                new = events[since - BIRTH:]
            for name, data in new:
                since += 1
                self.send_event(since, name, data)
            if not new:
                self.wfile.write(b": still here\n\n")

    def send_event(self, number, name, data):
        self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())


ThreadingHTTPServer(("127.0.0.1", PORT), Service).serve_forever()
