//! Addresses to listen on.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Ports that systems give to nobody who does not name one.
const FIXED: (u16, u16) = (10_000, 32_000);

/// An address at which nobody listens, and nobody else will before it is used: ports of `127.0.0.1` are given to other
/// tests and their connections all the time. Each place that needs one has `127.0.0.HOST` to itself.
pub(crate) fn free_address(host: u8) -> SocketAddr {
    let any_port = SocketAddr::from(([127, 0, 0, host], 0));
    TcpListener::bind(any_port).unwrap().local_addr().unwrap()
}

/// A port of `127.0.0.1` at which nobody listens, and which nobody is given as long as a program takes to start, or to
/// start again. For programs whose certificate is of that address.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let (first, end) = FIXED;
    let count = u32::from(end - first);
    // Tests of another process begin elsewhere.
    let begin = process::id().wrapping_mul(97);
    let next = || {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        first + u16::try_from(begin.wrapping_add(tried) % count).unwrap()
    };
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (0..count).map(|_| next()).find(is_free).expect("a free port")
}
