"""What people write by hand in Python: mapping 2.2 of records of Microsoft Graph, without public suffixes and geo data."""

import base64
import hashlib
import json
import struct
import sys

LOCAL = {"contoso.com"}
OUTCOMES = {"delivered": "success", "failed": "failure", "filteredAsSpam": "failure", "quarantined": "failure"}


def user(address):
    name, _, domain = address.partition("@")
    return {"id": address, "email": address, "name": name, "domain": domain}


def clean(value):
    if isinstance(value, dict):
        cleaned = {key: clean(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [item for item in value if item not in (None, "")]
    return value


def direction(sender, recipient):
    sender, recipient = (side.get("domain", "").lower() in LOCAL for side in (sender, recipient))
    return {(True, True): "internal", (True, False): "outbound", (False, True): "inbound"}.get((sender, recipient), "external")


def mapped(record):
    sender, recipient = record.get("senderAddress") or "", record.get("recipientAddress") or ""
    sender = "" if sender == "<>" else sender
    source, destination = user(sender) if sender else {}, user(recipient) if recipient else {}
    way = direction(source, destination)
    people = {"inbound": [destination], "outbound": [source], "internal": [destination, source]}.get(way, [])
    subject, message_id = record.get("subject"), record.get("messageId")
    parts = [sender, record["id"], message_id, subject, recipient, record["status"]]
    hashed = b"\0" + struct.pack("<i", record["size"])
    hashed += b"".join(b"\0" + part.encode() for part in parts if part)
    known = [recipient, sender, destination.get("name"), source.get("name")]
    return clean({
        "_id": base64.b64encode(hashlib.sha1(hashed).digest()).decode(),
        "@timestamp": record["receivedDateTime"],
        "ecs": {"version": "8.11.0"},
        "tags": ["forwarded"],
        "event": {"category": ["email"], "type": ["info"], "outcome": OUTCOMES.get(record["status"], "unknown")},
        "email": {
            "delivery_timestamp": record["receivedDateTime"],
            "attachments": {"file": {"size": record["size"]}},
            "local_id": record["id"],
            "message_id": message_id,
            "subject": subject,
            "direction": way,
            "from": {"address": [sender]},
            "to": {"address": [recipient]},
        },
        "source": {"ip": record.get("fromIP"), "domain": source.get("domain"), "user": source},
        "destination": {"ip": record.get("toIP"), "domain": destination.get("domain"), "user": destination},
        "related": {"user": list(dict.fromkeys(known))},
        "user": {
            key: people[0][key] if len(people) == 1 else [person[key] for person in people] for key in ("id", "email", "name")
        } if people else {},
        "microsoft": {"online_message_trace": {
            "MessageTraceId": record["id"], "MessageId": message_id, "Received": record["receivedDateTime"],
            "SenderAddress": record.get("senderAddress"), "RecipientAddress": recipient, "Subject": subject,
            "Status": record["status"], "Size": record["size"], "FromIP": record.get("fromIP"), "ToIP": record.get("toIP"),
        }},
    })


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(mapped(json.loads(line)), separators=(",", ":"), ensure_ascii=False) + "\n")
