//! Answers the commands of permitted users.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};
use tracing::warn;

use super::{ControlError, ControlReply, MAX_REQUEST_BYTES, Process, Request, SOCKET, TapStart, tap};
use crate::{
    app::{privacy::PrivacyInUse, start::RunQuestions},
    deployment::{Allowed, Deployment, HotSwap, Unchanged},
    pipeline::{Cancelled, Taps},
    support::{
        counted::counted,
        error_text::{chain, explain},
        users::user_name,
    },
};

/// Maximum number of simultaneous connections; more wait.
const MAX_CONVERSATIONS: usize = 8;

/// How long somebody may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest path of a socket, in bytes; the kernel has no room for more.
const MAX_PATH_BYTES: usize = 107;

/// What somebody may ask about. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ControlContext {
    /// The mapping.
    pub hot_swap: Arc<HotSwap>,
    /// The past, and dead letters.
    pub questions: RunQuestions,
    /// Documents as they pass.
    pub taps: Taps,
    /// The process itself.
    pub process: Process,
    /// What hides people.
    pub privacy: Option<PrivacyInUse>,
}

/// The socket, as long as the process has it.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
    /// Who may ask, besides root.
    owner: u32,
    inode: u64,
}

impl Control {
    /// Opens the socket in `state_dir`, which this process has to itself: one that is there is left from a crash.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, ControlError> {
        let path = state_dir.join(SOCKET);
        // Made where nobody else can see it, so that at no time anybody else can open it.
        let folder = tempfile::Builder::new().prefix(".c").rand_bytes(4).tempdir_in(state_dir)?;
        let hidden = folder.path().join("s");
        if path.as_os_str().len().max(hidden.as_os_str().len()) > MAX_PATH_BYTES {
            return Err(ControlError::PathTooLong(path));
        }
        let listener = UnixListener::bind(&hidden)?;
        fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
        let made = fs::metadata(&hidden)?;
        fs::rename(&hidden, &path)?;
        Ok(Self { listener, path, owner: made.uid(), inode: made.ino() })
    }

    /// Answers for ever.
    pub(crate) async fn serve(&self, context: &ControlContext) {
        let room = Arc::new(Semaphore::new(MAX_CONVERSATIONS));
        // Conversations end with whom they are about.
        let mut conversations = JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(error = %error, "could not listen on the control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let (context, owner) = (context.clone(), self.owner);
            while conversations.try_join_next().is_some() {}
            conversations.spawn(async move {
                if let Err(error) = converse(stream, owner, &context, place).await {
                    warn!(error = %error, "connection to the control socket broke off");
                }
            });
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Another process may have its own there by now.
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            drop(fs::remove_file(&self.path));
        }
    }
}

async fn converse(
    mut stream: UnixStream,
    owner: u32,
    ControlContext { hot_swap, questions, taps, process, privacy }: &ControlContext,
    place: OwnedSemaphorePermit,
) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (reader, mut writer) = stream.split();
    let answer = if peer.uid() != owner && peer.uid() != 0 {
        ControlReply::Failed("only the user that runs exotrace may ask".to_owned())
    } else {
        let mut line = Vec::new();
        let mut reader = BufReader::new(reader.take(MAX_REQUEST_BYTES));
        timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await??;
        let by = who(peer.uid(), peer.pid());
        match serde_json::from_slice(&line) {
            Ok(Request::Replay(file)) => {
                // It takes long, and is the only one: others are not to wait for its place.
                drop(place);
                let mut rest = [0];
                tokio::select! {
                    replayed = questions.replay(file) => match replayed {
                        Ok(replayed) => ControlReply::Replayed(Box::new(replayed)),
                        Err(error) if error.is_of_question() => ControlReply::Unanswerable(error.to_string()),
                        Err(error) => ControlReply::Failed(chain(&error)),
                    },
                    // Who asked has gone.
                    _ = reader.read(&mut rest) => return Ok(()),
                }
            }
            Ok(request) if request.is_about_past() => {
                // There are limits of their own for these.
                drop(place);
                let mut rest = [0];
                tokio::select! {
                    answer = answer_about_past(request, questions) => answer,
                    _ = reader.read(&mut rest) => return Ok(()),
                }
            }
            Ok(Request::Tap(sources)) => {
                // There are limits of their own for these, and they last.
                drop(place);
                match taps.watch(sources) {
                    Ok(tap) => {
                        return tap::show(tap, &TapStart { privacy: privacy.clone() }, &by, reader, writer).await;
                    }
                    Err(error) => ControlReply::Failed(error.to_string()),
                }
            }
            Ok(Request::About) => {
                let mapping = hot_swap.deployment().status().mapping;
                ControlReply::About(Box::new(process.about(mapping, privacy.clone(), questions)))
            }
            Ok(request) => answer(request, &by, hot_swap).await,
            Err(error) => ControlReply::Failed(format!("not a request: {error}")),
        }
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    timeout(PATIENCE, writer.write_all(&line)).await?
}

async fn answer_about_past(request: Request, questions: &RunQuestions) -> ControlReply {
    let answered = match request {
        Request::Trace(query) => questions.trace(query).await.map(|answer| ControlReply::Traced(Box::new(answer))),
        Request::Backfill(wanted) => {
            questions.backfill(wanted).await.map(|done| ControlReply::Backfilled(Box::new(done)))
        }
        Request::Remap(wanted) => questions.remap(wanted).await.map(|done| ControlReply::Remapped(Box::new(done))),
        Request::Audit(wanted) => questions.audit(wanted).await.map(|done| ControlReply::Audited(Box::new(done))),
        _ => questions.cancel_backfill().await.map(|Cancelled { was_there, goes_on }| {
            let said = if was_there { "the backfill is over" } else { "no backfill was begun" };
            let other = goes_on.map(|other| format!("; the {other} that is under way goes on"));
            ControlReply::Done(format!("{said}{}", other.unwrap_or_default()))
        }),
    };
    answered.unwrap_or_else(|error| match error.is_of_question() {
        true => ControlReply::Unanswerable(error.to_string()),
        false => ControlReply::Failed(chain(&error)),
    })
}

async fn answer(request: Request, by: &str, hot_swap: &Arc<HotSwap>) -> ControlReply {
    if let Request::Put { mapping, purpose, allowed } = request {
        return match hot_swap.put(&mapping, purpose, allowed, by).await {
            Ok(done) => ControlReply::Done(done),
            Err(error) => ControlReply::Failed(explain(&error)),
        };
    }
    // What is decided is on the disk before it is answered.
    let (deployment, by) = (Arc::clone(hot_swap.deployment()), by.to_owned());
    match spawn_blocking(move || decide(request, &by, &deployment)).await {
        Ok(answer) => answer,
        Err(error) => ControlReply::Failed(error.to_string()),
    }
}

fn decide(request: Request, by: &str, deployment: &Arc<Deployment>) -> ControlReply {
    match request {
        Request::About => ControlReply::Failed("how the process is doing is not a change of the mapping".to_owned()),
        Request::Status => ControlReply::Status(Box::new(deployment.status())),
        Request::History => ControlReply::History(deployment.history()),
        Request::Put { .. } => ControlReply::Failed("a mapping is prepared before it is put in place".to_owned()),
        Request::Promote(allowed) => promote(allowed, by, deployment),
        Request::Withdraw => done(deployment.withdraw(by), || "the trial is over".to_owned()),
        Request::RollBack => {
            done(deployment.roll_back(by), || format!("mapping {} maps again", deployment.status().mapping))
        }
        Request::Replay(_)
        | Request::Trace(_)
        | Request::Backfill(_)
        | Request::Audit(_)
        | Request::Remap(_)
        | Request::CancelBackfill
        | Request::Tap(_) => ControlReply::Failed("this is not a change of the mapping".to_owned()),
        Request::Pin => {
            deployment.pin(by);
            ControlReply::Done(format!("mapping {} is pinned", deployment.status().mapping))
        }
        Request::Unpin => {
            deployment.unpin(by);
            ControlReply::Done(format!("mapping {} may be replaced", deployment.status().mapping))
        }
    }
}

fn promote(allowed: Allowed, by: &str, deployment: &Deployment) -> ControlReply {
    let new_ids = deployment.new_ids_on_trial();
    if let Some(change) = deployment.new_schema_on_trial().filter(|_| !allowed.new_schema) {
        return ControlReply::Failed(format!(
            "documents would follow another schema, {change}: what reads them would not find their fields\nhint: \
             `exotrace mapping promote --accept-new-schema` takes it all the same"
        ));
    }
    if new_ids > 0 && !allowed.new_ids {
        return ControlReply::Failed(format!(
            "{} of the trial got another `_id`: what is read again would be stored twice\nhint: `exotrace mapping \
             promote --accept-new-ids` takes it all the same",
            counted(new_ids, "record", "records")
        ));
    }
    done(deployment.promote(by), || format!("mapping {} maps from now on", deployment.status().mapping))
}

/// Somebody who asks, for people.
fn who(uid: u32, pid: Option<i32>) -> String {
    let mut more: Vec<_> = user_name(uid).into_iter().collect();
    more.extend(pid.map(|pid| format!("process {pid}")));
    if more.is_empty() { format!("uid {uid}") } else { format!("uid {uid} ({})", more.join(", ")) }
}

fn done(result: Result<(), Unchanged>, said: impl FnOnce() -> String) -> ControlReply {
    match result {
        Ok(()) => ControlReply::Done(said()),
        Err(error) => ControlReply::Failed(error.to_string()),
    }
}
