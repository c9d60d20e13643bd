//! Gives a client of Kafka the token that it signs in with.
//!
//! Consumers and producers of `rdkafka` ask for tokens when they need one. Its client for administration never does, so
//! that one has to be given to it before it is asked for something.
//!
//! A crate of its own, since it holds an `unsafe` call: `rdkafka` has no safe way to do this.
#![deny(unsafe_code)]
#![cfg(feature = "kafka")]

use std::{
    ffi::{CStr, CString, c_char},
    ptr,
};

use rdkafka::{
    bindings::rd_kafka_oauthbearer_set_token,
    client::{Client, ClientContext, OAuthToken},
    types::RDKafkaRespErr,
};

/// The longest text that librdkafka gives for an error, in bytes.
const MAX_PROBLEM: usize = 512;

/// Has a client sign in with a token until that ends.
///
/// # Errors
///
/// When the client does not sign in with tokens, or the token cannot be one; says why.
pub fn give_token<C: ClientContext>(client: &Client<C>, token: OAuthToken) -> Result<(), String> {
    let text = |text: String| CString::new(text).map_err(|_| "there is a NUL in the token".to_owned());
    let (value, principal) = (text(token.token)?, text(token.principal_name)?);
    let mut problem = [0_u8; MAX_PROBLEM];
    #[expect(unsafe_code, reason = "the texts and the buffer outlive the call, and the client copies what it keeps")]
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            problem.as_mut_ptr().cast::<c_char>(),
            problem.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let problem = CStr::from_bytes_until_nul(&problem).unwrap_or_default();
    Err(problem.to_string_lossy().into_owned())
}
