//! Takes over code from another process that compiles. The sender must have the key of this one handover.

use std::io;

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use wasmtime::{Engine, component::Component};

use crate::{Authentic, TAG_BYTES, message, name};

/// How long the key of a handover is, in bytes.
pub const HANDOVER_KEY_BYTES: usize = 32;

/// One handover: its key goes to the process that compiles, and counts for one component.
pub struct Handover {
    key: [u8; HANDOVER_KEY_BYTES],
}

impl Handover {
    /// Makes a key that nobody can guess.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; HANDOVER_KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system has no random numbers"))?;
        Ok(Self { key })
    }

    /// The key, for the process that compiles.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Takes what the other process has sealed for these bytes of a component; `None` when it is not what that process
    /// sent, or not whole.
    ///
    /// # Errors
    ///
    /// When the code does not fit the engine.
    pub fn accept(&self, engine: &Engine, bytes: &[u8], sealed: &[u8]) -> Option<wasmtime::Result<Component>> {
        let (tag, code) = sealed.split_at_checked(TAG_BYTES)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        Some(Authentic::check(&key, &name(engine, bytes), tag, code)?.into_component(engine))
    }
}

/// Seals compiled code with the key of a handover, in the process that compiled it: the tag, then the code.
pub fn seal(key: &[u8], engine: &Engine, bytes: &[u8], code: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, &message(&name(engine, bytes), code));
    [tag.as_ref(), code].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_for_this_component_with_this_key_is_taken() {
        let engine = Engine::default();
        let component = b"\0asm\x0d\0\x01\0";
        let code = engine.precompile_component(component).unwrap();
        let handover = Handover::new().unwrap();
        let sealed = seal(handover.key(), &engine, component, &code);
        assert!(handover.accept(&engine, component, &sealed).unwrap().is_ok());
        assert!(Handover::new().unwrap().accept(&engine, component, &sealed).is_none(), "another key");
        assert!(handover.accept(&engine, b"another", &sealed).is_none(), "another component");
        assert!(handover.accept(&engine, component, &sealed[..sealed.len() - 1]).is_none(), "not whole");
        assert!(handover.accept(&engine, component, b"").is_none(), "nothing");
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert!(handover.accept(&engine, component, &changed).is_none(), "changed");
    }
}
