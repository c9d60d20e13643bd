//! Addresses to listen on.

use std::net::{SocketAddr, TcpListener};

/// An address at which nobody listens, and nobody else will before it is used: ports of `127.0.0.1` are given to other
/// tests and their connections all the time. Each place that needs one has `127.0.0.HOST` to itself.
pub(crate) fn free_address(host: u8) -> SocketAddr {
    let any_port = SocketAddr::from(([127, 0, 0, host], 0));
    TcpListener::bind(any_port).unwrap().local_addr().unwrap()
}
