//! The contract in Rust, made of the files in `wit`.

wit_bindgen::generate!({ path: "wit", world: "mapping" });
