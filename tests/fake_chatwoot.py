"""A Chatwoot on the loopback: the calls of its client API that the bridge makes, and the events
that it would post to the inbox's webhook address.
"""

import hashlib
import hmac
import json
import re
import time
import uuid

from loopback import Handler, Loopback

INBOX = "inbox-of-the-test"


class Calls(Handler):
    def do_GET(self):
        fake, status, answer = self.server.fake, 404, {}
        values = json.loads(self.body() or b"{}")
        path = self.path.removeprefix(f"/public/api/v1/inboxes/{INBOX}/contacts")
        before = fake.failures.pop(0) if fake.failures else ""
        if before != "refused":
            status, answer = fake.called(self.command, path, values)
        if before:  # refused: it was not done; lost: it was, and nobody is told
            status, answer = 500, {}
        self.tell(answer, status)

    do_POST = do_GET


class FakeChatwoot:
    """failures: what goes wrong with the next calls, "" nothing. conversations: number ->
    {contact, status, messages}.
    """

    def __init__(self, secret):
        self.secret, self.failures, self.contacts, self.conversations = secret, [], {}, {}
        self.ids = iter(range(100, 1000))
        self.server = Loopback(Calls, fake=self)
        self.url, self.close = self.server.url, self.server.close

    def called(self, method, path, values):
        if path == "" and method == "POST":
            contact = str(uuid.uuid4())
            self.contacts[contact] = values["name"]
            return 200, {"source_id": contact, "pubsub_token": "p", "name": values["name"]}
        contact, number, rest = re.fullmatch(
            r"/([^/]+)/conversations(?:/(\d+))?(?:/(\w+))?", path
        ).groups()
        if contact not in self.contacts:
            return 404, {}
        if number is None:
            number = len(self.conversations) + 1
            new = {"contact": contact, "status": "open", "messages": []}
            self.conversations[number] = new
            return 200, {"id": number, "messages": [], "contact": {}}
        conversation = self.conversations.get(int(number))
        if conversation is None or conversation["contact"] != contact:
            return 404, {}
        if rest == "messages" and method == "GET":
            return 200, conversation["messages"][-20:]
        if rest == "messages":
            return 200, self.add(conversation, values["content"], 0)
        conversation["status"] = "resolved"
        return 200, {"id": int(number), "status": "resolved"}

    def add(self, conversation, text, kind):
        said = {"id": next(self.ids), "content": text, "message_type": kind}
        conversation["messages"].append(said)
        conversation["status"] = "open"
        return said

    def heard(self, number=1):
        """What the customer wrote, as agents read it."""
        messages = self.conversations[number]["messages"]
        return [said["content"] for said in messages if said["message_type"] == 0]

    # -- what it posts ----------------------------------------------------------------------

    def says(self, text, agent="Grace", number=1, **changes):
        """The event of an agent's message."""
        said = self.add(self.conversations[number], text, 1)
        return {
            "event": "message_created",
            "id": said["id"],
            "content": text,
            "message_type": "outgoing",
            "content_type": "text",
            "private": False,
            "sender": {"id": 7, "name": agent, "email": "grace@shop.example", "type": "user"},
            "conversation": {"id": number, "status": "open", "channel": "Channel::Api"},
            "account": {"id": 1, "name": "Shop"},
            **changes,
        }

    def resolves(self, number=1, agent="Grace"):
        """The event of a conversation that an agent has resolved."""
        self.conversations[number]["status"] = "resolved"
        return {
            "event": "conversation_status_changed",
            "id": number,
            "status": "resolved",
            "meta": {"sender": {"name": "Visitor"}, "assignee": {"id": 7, "name": agent}},
        }

    def signed(self, values, late=0):
        """The body and headers with which it posts an event."""
        body, stamp = json.dumps(values).encode(), str(int(time.time()) - late)
        mac = hmac.new(self.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        signature = f"sha256={mac.hexdigest()}"
        headers = {"x-chatwoot-timestamp": stamp, "x-chatwoot-signature": signature}
        return {"content": body, "headers": headers}
