//! Random numbers that a seed repeats.

use std::env;

use rand::{SeedableRng as _, rngs::StdRng};

/// Numbers by chance; a test that fails shows their seed, and with `EXOTRACE_SEED` they come again.
pub(crate) fn random() -> StdRng {
    let seed = match env::var("EXOTRACE_SEED") {
        Ok(text) => text.parse().expect("`EXOTRACE_SEED` is a number"),
        Err(_) => rand::random(),
    };
    println!("EXOTRACE_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
