# What people write by hand in jq: mapping 2.2 of records of Microsoft Graph, without `_id`, public suffixes and geo data.
def user: if . == "" then null else
    (index("@")) as $at
    | { id: ., email: ., name: .[:$at], domain: .[$at + 1:] } end;
def clean: walk(
    if type == "object" then with_entries(select(.value | . != null and . != "" and . != [] and . != {}))
    elif type == "array" then map(select(. != null and . != "")) else . end);
["contoso.com"] as $local
| . as $row
| (if .senderAddress == "<>" then "" else .senderAddress // "" end) as $sender
| (.recipientAddress // "") as $recipient
| ($sender | user) as $source
| ($recipient | user) as $destination
| ($source != null and ($source.domain | ascii_downcase | IN($local[]))) as $from_us
| ($destination != null and ($destination.domain | ascii_downcase | IN($local[]))) as $to_us
| (if $from_us and $to_us then "internal" elif $from_us then "outbound" elif $to_us then "inbound" else "external" end) as $way
| {
    "@timestamp": .receivedDateTime,
    ecs: { version: "8.11.0" },
    tags: ["forwarded"],
    event: { category: ["email"], type: ["info"],
        outcome: ({ delivered: "success", failed: "failure", filteredAsSpam: "failure", quarantined: "failure" }[.status] // "unknown") },
    email: { delivery_timestamp: .receivedDateTime, attachments: { file: { size } }, local_id: .id, message_id: .messageId,
        subject, direction: $way, from: { address: [$sender] }, to: { address: [$recipient] } },
    source: { ip: .fromIP, domain: $source.domain, user: $source },
    destination: { ip: .toIP, domain: $destination.domain, user: $destination },
    related: { user: [$recipient, $sender, $destination.name, $source.name] },
    user: (if $way == "inbound" then $destination | del(.domain) elif $way == "outbound" then $source | del(.domain)
        elif $way == "internal" then { id: [$recipient, $sender], email: [$recipient, $sender],
            name: [$destination.name, $source.name] } else null end),
    microsoft: { online_message_trace: { MessageTraceId: .id, MessageId: .messageId, Received: .receivedDateTime,
        SenderAddress: .senderAddress, RecipientAddress: $recipient, Subject: .subject, Status: .status, Size: .size,
        FromIP: .fromIP, ToIP: .toIP } }
  }
| clean
