//! Which way a message goes, and what that means for its statuses and addresses.

use rand::Rng;

use super::{
    address::AddressBook,
    draw,
    message::{Delivery, Message},
    subject::{long_subject, subject},
};
use crate::{Status, guid};

/// Returns the next message; inbound mail is the most frequent.
pub(super) fn message(rng: &mut impl Rng, book: &AddressBook) -> Message {
    match rng.random_range(0..100) {
        0..45 => inbound(rng, book),
        45..70 => outbound(rng, book),
        70..88 => internal(rng, book),
        88..92 => relayed(rng, book),
        92..96 => bounce(rng, book),
        _ => to_group(rng, book),
    }
}

fn inbound(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let origin = book.correspondent(rng);
    let sender = origin.person(rng);
    let mut message = envelope(rng, book, sender, origin.domain());
    message.from_ip = Some(origin.server(rng));
    let size = draw::size(rng);
    for _ in 0..draw::recipient_count(rng) {
        message.deliveries.push(Delivery {
            recipient: book.local(rng),
            status: draw::arrival_status(rng),
            size: draw::size_for_recipient(size, rng),
            to_ip: Some(String::new()),
        });
    }
    message
}

fn outbound(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let sender = book.local(rng);
    let mut message = envelope(rng, book, sender, book.server_domain());
    message.from_ip = draw::inside_address(rng);
    add_departures(&mut message, rng, book);
    message
}

/// Mail from one domain elsewhere to another, such as by a forwarding rule.
fn relayed(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let origin = book.correspondent(rng);
    let sender = origin.person(rng);
    let mut message = envelope(rng, book, sender, origin.domain());
    message.from_ip = Some(origin.server(rng));
    add_departures(&mut message, rng, book);
    message
}

fn internal(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let sender = book.local(rng);
    let mut message = envelope(rng, book, sender, book.server_domain());
    message.from_ip = draw::inside_address(rng);
    let size = draw::size(rng);
    for _ in 0..draw::recipient_count(rng) {
        message.deliveries.push(Delivery {
            recipient: book.local(rng),
            status: draw::departure_status(rng),
            size: draw::size_for_recipient(size, rng),
            to_ip: draw::unknown_address(rng),
        });
    }
    message
}

/// A report that mail could not be delivered: it has no sender, so that it is not answered.
fn bounce(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let mut message = envelope(rng, book, "<>".to_owned(), book.server_domain());
    message.from_ip = draw::inside_address(rng);
    if let Some(subject) = &mut message.subject {
        subject.insert_str(0, "Undeliverable: ");
    }
    message.deliveries.push(Delivery {
        recipient: book.local(rng),
        status: draw::arrival_status(rng),
        size: draw::size(rng),
        to_ip: Some(String::new()),
    });
    message
}

/// Mail to a group: a row for the group, and one for each member.
fn to_group(rng: &mut impl Rng, book: &AddressBook) -> Message {
    let sender = book.local(rng);
    let mut message = envelope(rng, book, sender, book.server_domain());
    message.from_ip = draw::inside_address(rng);
    let size = draw::size(rng);
    message.deliveries.push(Delivery {
        recipient: book.group(rng),
        status: Status::Expanded,
        size,
        to_ip: Some(String::new()),
    });
    for _ in 0..rng.random_range(2..12) {
        message.deliveries.push(Delivery {
            recipient: book.local(rng),
            status: draw::arrival_status(rng),
            size: draw::size_for_recipient(size, rng),
            to_ip: Some(String::new()),
        });
    }
    message
}

/// Starts a message without recipients, named by a server of `domain`.
fn envelope(rng: &mut impl Rng, book: &AddressBook, sender: String, domain: &str) -> Message {
    let message_id = format!("<{:024X}@{domain}>", rng.random::<u128>() >> 32);
    Message {
        id: guid::random(rng),
        message_id: (!rng.random_ratio(1, 50)).then_some(message_id),
        sender,
        subject: if book.is_large() { long_subject(rng) } else { subject(rng) },
        from_ip: None,
        deliveries: Vec::new(),
    }
}

fn add_departures(message: &mut Message, rng: &mut impl Rng, book: &AddressBook) {
    let size = draw::size(rng);
    for _ in 0..draw::recipient_count(rng) {
        let destination = book.correspondent(rng);
        let status = draw::departure_status(rng);
        message.deliveries.push(Delivery {
            recipient: destination.person(rng),
            status,
            size: draw::size_for_recipient(size, rng),
            to_ip: match status {
                Status::Delivered => Some(destination.server(rng)),
                _ => draw::unknown_address(rng),
            },
        });
    }
}
