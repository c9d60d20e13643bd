"""A small mapping in Python: what the contract asks for, and some fields of the Elastic Common Schema."""
import hashlib, ipaddress, json, re
from datetime import datetime, timedelta, timezone
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import mapper
from wit_world.imports import geo

# What is written here, and is therefore refused among the fields that the host adds.
OWN = re.compile(r"@timestamp|ecs|email|error|source|tags|event\.(category|created|kind|original|outcome)")
KEEP = "preserve_original_event"
BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff]*")
OUTCOMES = {"delivered": "success", "failed": "failure"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
def without_none(value):
    return {key: without_none(value[key]) for key in value if value[key] is not None} if type(value) is dict else value
def parse_date(text):
    date = datetime.fromisoformat(text)
    return ((date if date.tzinfo else date.replace(tzinfo=timezone.utc)) - EPOCH) // timedelta(milliseconds=1)
def as_date(time):
    date = None if time is None else EPOCH + timedelta(milliseconds=time)
    return date and date.isoformat(timespec="milliseconds")[:-6] + "Z"
def digest(*parts):
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

class Session(mapper.Session):
    @classmethod
    def open(cls, settings):
        for name in ("drop_status", "options", "pseudonym_key", "previous_pseudonym_key"):
            if getattr(settings, name):
                raise Err(mapper.SettingsError_Unsupported(name))
        session, added = cls(), json.loads(settings.fields or "{}")
        for name in [*added, *(f"event.{name}" for name in added.get("event", {}))]:
            if OWN.fullmatch(name):
                raise Err(mapper.SettingsError_ReservedField(name))
        session.tenant, session.added = settings.tenant and settings.tenant.id, added
        first = [KEEP] if settings.preserve_original_event or KEEP in settings.tags else []
        session.tags = list(dict.fromkeys(first + settings.tags))
        return session
    def map_batch(self, records, origin):
        mapped = [self.map(line, origin.read_at) for line in records.split("\n") if not BLANK.fullmatch(line)]
        return mapper.MappedBatch("".join(text + "\n" for text, _ in mapped), [outcome for _, outcome in mapped])
    def map(self, line, created):
        faults = []
        def attempt(action, reason, message):
            try:
                return action()
            except (AttributeError, OverflowError, RecursionError, TypeError, ValueError):
                faults.append((mapper.FailureReason[reason], message))
        parsed = attempt(lambda: json.loads(line), "NOT_JSON", "record is not JSON")
        record = attempt(lambda: dict(**parsed), "NOT_AN_OBJECT", "record is not an object") or {}
        def text(name, legacy=None):  # By the name of Graph, or by the one of the Reporting Web Service and PowerShell.
            value = record.get(name, record.get(legacy or name[0].upper() + name[1:]))
            return attempt(lambda: None if value is None else value + "", "INVALID_TYPE", f"{name} is not text") or None
        id, date, status = text("id", "MessageTraceId"), text("receivedDateTime", "Received"), text("status") or ""
        sender, to, subject = text("senderAddress"), text("recipientAddress"), text("subject")
        message_id, ip = text("messageId"), text("fromIP")
        ip = ip and attempt(lambda: str(ipaddress.ip_address(ip)), "INVALID_IP", "fromIP is not an IP address")
        time = attempt(lambda: parse_date(date), "INVALID_DATE" if date else "MISSING_DATE", "there is no date")
        place = getattr(geo.lookup([ip])[0] if ip else None, "place", None)
        document = json.dumps(without_none({
            **self.added, "@timestamp": as_date(created if time is None else time), "ecs": {"version": "8.11.0"},
            "email": {"local_id": id, "message_id": message_id, "subject": subject,
                "from": sender and {"address": [sender]}, "to": to and {"address": [to]}},
            "error": {"message": [message for _, message in faults]} if faults else None,
            "event": {**self.added.get("event", {}), "kind": "pipeline_error" if faults else "event",
                "category": ["email"], "created": as_date(created), "outcome": OUTCOMES.get(status.lower(), "unknown"),
                "original": line if faults or KEEP in self.tags else None},
            "source": ip and {"ip": ip, "geo": place and {"country_iso_code": place.country_iso_code}},
            "tags": self.tags}))
        ids = digest(self.tenant, line.strip()), digest(self.tenant, id or message_id or date, to and to.lower())
        if not faults:
            return document, mapper.Outcome_Mapped(mapper.Mapped(*ids, time, len(document)))
        failed = mapper.Failed(ids[0], id and to and ids[1], time, faults[0][0], len(document))
        return document, mapper.Outcome_Failed(failed)
class Mapper(exports.Mapper):
    def describe(self):
        kinds = [mapper.RecordKind.GRAPH, mapper.RecordKind.LEGACY]
        return mapper.Description("in Python", "9.2.0", mapper.Schema("ecs", "8.11.0"), kinds, None)
