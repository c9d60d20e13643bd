"""Whether requests and answers are as the official client of Elasticsearch expects them.

    check.py URL DATA_STREAM REQUEST...

URL is a fake Elasticsearch into which exotrace has delivered; each REQUEST is a file with the body of a `_bulk` request
that exotrace sent. Ends with an error at the first thing that the client would do or read otherwise.
"""

import json
import sys

from elasticsearch import Elasticsearch, helpers
from elastic_transport import NdjsonSerializer

url, stream, *requests = sys.argv[1:]
client = Elasticsearch(url, retry_on_timeout=False, max_retries=0)
assert client.info()["tagline"] == "You Know, for Search"

# What exotrace sent, line by line as the client would have written it.
sent = {}
for path in requests:
    with open(path, "rb") as file:
        body = file.read()
    lines = body.decode().splitlines()
    pairs = [(json.loads(lines[at]), json.loads(lines[at + 1])) for at in range(0, len(lines), 2)]
    theirs = []
    for action, document in pairs:
        identity = action["create"]["_id"]
        sent[identity] = document
        theirs.extend(helpers.expand_action({"_op_type": "create", "_id": identity, "_source": document}))
    expected = NdjsonSerializer().dumps(theirs).decode().splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(line) for line in expected], path
    assert body.endswith(b"\n"), path
assert sent, "no requests"

# The fake stored what was sent, as the client reads it.
for identity, document in sent.items():
    assert client.get(index=stream, id=identity)["_source"] == document, identity

# The client reads the fake's answers as those of Elasticsearch: what is there is a conflict, what is new is created.
actions = [{"_op_type": "create", "_index": stream, "_id": identity, "_source": source} for identity, source in sent.items()]
fresh = [{"_op_type": "create", "_index": stream, "_id": f"new-{at}", "_source": {"n": at}} for at in range(3)]
created, errors = helpers.bulk(client, actions + fresh, raise_on_error=False)
assert created == len(fresh), created
assert len(errors) == len(actions), len(errors)
for error in errors:
    assert error["create"]["status"] == 409, error
    assert error["create"]["error"]["type"] == "version_conflict_engine_exception", error

# A refusal of the whole request is an error of the client with its status.
refused = [{"_op_type": "create", "_index": stream, "_id": "x" * 513, "_source": {}}]
try:
    helpers.bulk(client, refused)
except Exception as error:
    assert getattr(error, "status_code", None) == 400, error
else:
    raise AssertionError("an id of 513 bytes was taken")

print(f"{len(sent)} documents in {len(requests)} requests are as the client {'.'.join(map(str, __import__('elasticsearch').__version__))} has them")
