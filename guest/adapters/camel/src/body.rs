//! The body of an exchange as bytes, and documents as a body again.

use crate::bindings::camel::plugin::types::{StreamBodyHandle, WasmBody, WasmError};

/// The longest body that is read, in bytes: what has to be in memory as a whole.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// How much of a stream is read at once.
const READ_BYTES: usize = 64 * 1024;

/// In which form a body came, and documents go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyForm {
    Text,
    Bytes,
    Json,
}

/// The bytes of a body, one record a line; none when it is empty.
pub(crate) async fn read(body: WasmBody) -> Result<Option<(Vec<u8>, BodyForm)>, WasmError> {
    Ok(Some(match body {
        WasmBody::Empty => return Ok(None),
        WasmBody::Text(text) | WasmBody::Xml(text) => (text.into_bytes(), BodyForm::Text),
        WasmBody::Bytes(bytes) => (bytes, BodyForm::Bytes),
        WasmBody::Json(text) => (text.into_bytes(), BodyForm::Json),
        WasmBody::Stream(stream) => (read_stream(stream).await?, BodyForm::Text),
    }))
}

/// Reads a stream to its end. Half of a body is none: what the route reads from may have failed.
async fn read_stream(body: StreamBodyHandle) -> Result<Vec<u8>, WasmError> {
    let StreamBodyHandle { mut stream, terminal, .. } = body;
    let mut bytes = Vec::new();
    loop {
        bytes.reserve(READ_BYTES);
        let (result, read) = stream.read(bytes).await;
        bytes = read;
        if bytes.len() > MAX_BODY_BYTES {
            let text = format!("the body is longer than {MAX_BODY_BYTES} bytes\nhint: split it before the bean");
            return Err(WasmError::TypeConversion(text));
        }
        if !matches!(result, wit_bindgen::StreamResult::Complete(_)) {
            break;
        }
    }
    terminal.await?;
    Ok(bytes)
}

/// Documents, one a line, in the form that the body came in. JSON is for one document alone.
pub(crate) fn write(documents: String, form: BodyForm) -> WasmBody {
    match form {
        _ if documents.is_empty() => WasmBody::Empty,
        BodyForm::Bytes => WasmBody::Bytes(documents.into_bytes()),
        BodyForm::Json if documents.lines().count() == 1 => WasmBody::Json(documents.trim_end().to_owned()),
        BodyForm::Json | BodyForm::Text => WasmBody::Text(documents),
    }
}
