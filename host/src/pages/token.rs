//! The token that a request needs, if the settings name one.

use std::{path::PathBuf, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use tokio::{task::spawn_blocking, time::sleep};
use tracing::warn;

use crate::support::{error_text::chain, secret_file};

/// How long a wrong token is answered after: guessing takes long.
const WRONG: Duration = Duration::from_millis(500);

/// What somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The settings name no token: everybody is answered, with less.
    Open,
    /// The token was right.
    Granted,
    /// There was none.
    Missing,
    /// It was wrong.
    Wrong,
    /// The file of the token cannot be read now, so nobody has the right one.
    Unknown,
}

impl Access {
    /// Decides by the header of a request.
    pub(super) async fn by_header(file: Option<&PathBuf>, headers: &HeaderMap) -> Self {
        let header = headers.get(AUTHORIZATION).map(|header| header.to_str().unwrap_or("?"));
        let token = header.map(|header| {
            let (scheme, token) = header.split_once(' ').unwrap_or_default();
            if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" }
        });
        Self::by_token(file, token).await
    }

    /// Decides by a token. The file is read each time: the token can be replaced at any time.
    pub(super) async fn by_token(file: Option<&PathBuf>, given: Option<&str>) -> Self {
        let Some(file) = file.cloned() else { return Self::Open };
        let Some(given) = given else { return Self::Missing };
        let given = Sha256::digest(given.as_bytes());
        let read =
            spawn_blocking(move || secret_file::read(&file).map(|token| Sha256::digest(token.expose().as_bytes())));
        match read.await {
            // Of hashes: how long it takes to compare says nothing of the token.
            Ok(Ok(token)) if token == given => Self::Granted,
            Ok(Ok(_)) => {
                sleep(WRONG).await;
                Self::Wrong
            }
            Ok(Err(error)) => {
                warn!(error = chain(&error), "could not read the token of `listen_token_file`");
                Self::Unknown
            }
            Err(_) => Self::Unknown,
        }
    }

    /// What somebody is told who may not see more.
    pub(super) fn refusal(self) -> Option<Response> {
        let told = match self {
            Self::Open | Self::Granted => return None,
            Self::Missing => "a token is needed: `Authorization: Bearer TOKEN`\n",
            Self::Wrong => "the token is wrong\n",
            Self::Unknown => "the file of the token cannot be read\n",
        };
        if self == Self::Unknown {
            return Some((StatusCode::SERVICE_UNAVAILABLE, told).into_response());
        }
        Some(
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer realm=\"exotrace\"")], Body::from(told))
                .into_response(),
        )
    }
}
