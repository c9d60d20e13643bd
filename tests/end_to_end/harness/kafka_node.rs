//! A real node of Apache Kafka, as `make test` installs it. It is asked in its own language, by Kafka's own clients.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    address::free_port,
    paths::{fixture, project},
};

/// The node of those tests that want nothing special of it.
static SHARED: Mutex<Weak<KafkaNode>> = Mutex::new(Weak::new());

/// The password of the user `exotrace` by SCRAM, and by PLAIN.
pub(crate) const SCRAM_PASSWORD: &str = "scram-password-of-tests";
pub(crate) const PLAIN_PASSWORD: &str = "plain-password-of-tests";

/// A node that runs until it is dropped, and its data, which goes with it.
pub(crate) struct KafkaNode {
    process: Mutex<Running>,
    place: Place,
    folder: tempfile::TempDir,
}

/// Where a node is, and which of a cluster.
struct Place {
    /// Without TLS and sign-in, by which everything is allowed; the controller's; with TLS and sign-in; with TLS and a client
    /// certificate.
    ports: [u16; 4],
    number: usize,
    /// Where the controller of the cluster is, if that is another node.
    controller: Option<String>,
    /// How many nodes the cluster has.
    nodes: usize,
}

impl Place {
    fn alone() -> Self {
        Self { ports: [(); 4].map(|()| free_port()), number: 1, controller: None, nodes: 1 }
    }

    fn address(&self, port: usize) -> String {
        format!("127.0.0.1:{}", self.ports[port])
    }
}

struct Running {
    process: Child,
    /// The node ends with it, also where the test is killed.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl KafkaNode {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::at(Place::alone())
    }

    /// Three nodes that are one cluster, of which the first is the controller: what is written is on each of them.
    #[track_caller]
    pub(crate) fn three() -> [Self; 3] {
        let first = Self::at(Place { nodes: 3, ..Place::alone() });
        let controller = Some(first.place.address(1));
        let other = |number| {
            let controller = controller.clone();
            Self::at(Place { number, controller, nodes: 3, ..Place::alone() })
        };
        let others = [other(2), other(3)];
        let [second, third] = others;
        [first, second, third]
    }

    #[track_caller]
    fn at(place: Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { process: Mutex::new(start(&folder, &place, PLAIN_PASSWORD)), place, folder }
    }

    /// The node that tests share as long as one of them runs: each has topics of its own.
    #[track_caller]
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::new());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// Without TLS and sign-in.
    pub(crate) fn open_address(&self) -> String {
        self.place.address(0)
    }

    /// How many nodes its cluster has.
    pub(crate) fn nodes(&self) -> usize {
        self.place.nodes
    }

    /// With TLS and sign-in.
    pub(crate) fn sign_in_address(&self) -> String {
        self.place.address(2)
    }

    /// With TLS and a client certificate.
    pub(crate) fn certificate_address(&self) -> String {
        self.place.address(3)
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&self) {
        let mut running = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }

    /// Starts it again after it was killed, on its data and where it was.
    #[track_caller]
    pub(crate) fn start_again(&self) {
        self.start_again_with(PLAIN_PASSWORD);
    }

    /// The same with another password of its users by PLAIN.
    #[track_caller]
    pub(crate) fn start_again_with(&self, password: &str) {
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = start(&self.folder, &self.place, password);
    }

    /// The answer to a command, which has to succeed.
    #[track_caller]
    pub(crate) fn ask(&self, command: &Value) -> Value {
        let mut running = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(running.stdin.as_mut().unwrap(), "{command}").unwrap();
        let mut answer = String::new();
        running.stdout.read_line(&mut answer).unwrap();
        drop(running);
        let answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{command}: {error}: {answer}"));
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }

    /// Makes a topic with this many partitions, which keeps what is old: records of tests are.
    #[track_caller]
    pub(crate) fn create(&self, topic: &str, partitions: u32, mut settings: Value) {
        settings["retention.ms"] = json!("-1");
        let nodes = self.place.nodes;
        self.ask(&json!({
            "do": "create", "topic": topic, "partitions": partitions, "replication": nodes, "settings": settings
        }));
    }

    /// Writes each line of a file as a message of its own.
    #[track_caller]
    pub(crate) fn write_lines_of(&self, topic: &str, file: &Path) {
        self.ask(&json!({ "do": "write lines", "topic": topic, "file": file }));
    }

    /// How many messages of a topic are committed, and how many different `exotrace-id` they have.
    #[track_caller]
    pub(crate) fn count(&self, topic: &str) -> [u64; 2] {
        let counts = self.ask(&json!({ "do": "count", "topic": topic }));
        ["messages", "ids"].map(|name| counts[name].as_u64().unwrap())
    }

    /// Allows a user an operation on a topic, group or transactional id.
    #[track_caller]
    pub(crate) fn allow(&self, user: &str, operation: &str, kind: &str, name: &str) {
        self.ask(&json!({ "do": "allow", "user": user, "operation": operation, "kind": kind, "name": name }));
    }

    /// Every message of a topic that is committed, by partition and in order.
    #[track_caller]
    pub(crate) fn messages(&self, topic: &str) -> Vec<Value> {
        self.ask(&json!({ "do": "read", "topic": topic })).as_array().unwrap().clone()
    }

    /// The documents in the messages of a topic.
    #[track_caller]
    pub(crate) fn documents(&self, topic: &str) -> Vec<Value> {
        let document = |message: &Value| serde_json::from_str(message["value"].as_str().unwrap()).unwrap();
        self.messages(topic).iter().map(document).collect()
    }

    /// Writes messages into a topic, as they come.
    #[track_caller]
    pub(crate) fn write(&self, topic: &str, messages: &[impl AsRef<[u8]>]) {
        let messages: Vec<_> = messages.iter().map(|message| STANDARD.encode(message)).collect();
        self.ask(&json!({ "do": "write", "topic": topic, "messages": messages }));
    }

    /// The same in a transaction, which leaves a mark behind the messages.
    #[track_caller]
    pub(crate) fn write_in_transaction(&self, topic: &str, messages: &[impl AsRef<[u8]>]) {
        let messages: Vec<_> = messages.iter().map(|message| STANDARD.encode(message)).collect();
        self.ask(&json!({ "do": "write", "topic": topic, "messages": messages, "transaction": topic }));
    }

    /// Deletes the messages of the first partition of a topic before an offset, as retention does.
    #[track_caller]
    pub(crate) fn delete_before(&self, topic: &str, before: u64) {
        self.ask(&json!({ "do": "delete", "topic": topic, "partition": 0, "before": before }));
    }

    /// Takes the place of who writes with this transactional id, once.
    #[track_caller]
    pub(crate) fn fence(&self, id: &str) {
        self.ask(&json!({ "do": "fence", "id": id }));
    }

    /// Leaves a transaction open in every partition of a topic, as a program that was killed, until it is released.
    #[track_caller]
    pub(crate) fn hold(&self, topic: &str) {
        self.ask(&json!({ "do": "hold", "topic": topic }));
    }

    /// Undoes the transaction.
    #[track_caller]
    pub(crate) fn release(&self) {
        self.ask(&json!({ "do": "release" }));
    }

    /// How far a consumer group has read, in all partitions together.
    #[track_caller]
    pub(crate) fn read_by(&self, group: &str) -> u64 {
        let offsets = self.ask(&json!({ "do": "offsets", "group": group }));
        offsets.as_object().unwrap().values().map(|offset| offset.as_u64().unwrap()).sum()
    }
}

impl Drop for KafkaNode {
    fn drop(&mut self) {
        let running = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(running.stdin.take());
        drop(running.process.kill());
        drop(running.process.wait());
    }
}

#[track_caller]
fn start(folder: &tempfile::TempDir, place: &Place, password: &str) -> Running {
    let log = folder.path().join("log");
    let mut process = Command::new(project().join("target/tools/kafka/start"))
        .arg(folder.path())
        .args(settings(folder, place, password))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .expect("`make test` installs it where there is a JDK");
    let stdin = process.stdin.take();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut said = String::new();
    stdout.read_line(&mut said).unwrap();
    if !said.starts_with("listening on ") {
        drop(process.kill());
        drop(process.wait());
        let log = fs::read_to_string(&log).unwrap();
        panic!("kafka does not start: {said}\n{log}");
    }
    Running { process, stdin, stdout }
}

fn settings(folder: &tempfile::TempDir, place: &Place, password: &str) -> Vec<String> {
    let pem = |name: &str| fs::read_to_string(fixture("certificates").join(name)).unwrap();
    let modules = "org.apache.kafka.common.security";
    let jaas = |mechanism: &str, module: &str, options: &str| {
        format!("listener.name.sign.{mechanism}.sasl.jaas.config={modules}.{module} required {options};")
    };
    let [open, own_controller, sign_in, certificate] = [0, 1, 2, 3].map(|port| place.address(port));
    let public = format!("OPEN://{open},SIGN://{sign_in},CERTIFICATE://{certificate}");
    let (roles, controller, listeners) = match &place.controller {
        Some(controller) => ("broker", controller.clone(), public.clone()),
        None => ("broker,controller", own_controller.clone(), format!("{public},CONTROLLER://{own_controller}")),
    };
    let mut settings: Vec<_> = [
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=OPEN:PLAINTEXT,CONTROLLER:PLAINTEXT,SIGN:SASL_SSL,CERTIFICATE:SSL",
        "inter.broker.listener.name=OPEN",
        "listener.name.certificate.ssl.client.auth=required",
        "offsets.topic.num.partitions=1",
        "transaction.state.log.num.partitions=1",
        "group.initial.rebalance.delay.ms=0",
        "auto.create.topics.enable=false",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS;User:exotrace;User:CN=exotrace test",
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        "ssl.keystore.type=PEM",
        "ssl.truststore.type=PEM",
    ]
    .map(str::to_owned)
    .to_vec();
    settings.extend([
        format!("process.roles={roles}"),
        format!("node.id={}", place.number),
        // What one node has, each has.
        format!("offsets.topic.replication.factor={}", place.nodes),
        format!("transaction.state.log.replication.factor={}", place.nodes),
        format!("transaction.state.log.min.isr={}", place.nodes.div_ceil(2)),
        format!("min.insync.replicas={}", place.nodes.div_ceil(2)),
        format!("listeners={listeners}"),
        format!("advertised.listeners={public}"),
        format!("controller.quorum.bootstrap.servers={controller}"),
        format!("log.dirs={}", folder.path().join("data").display()),
        format!("ssl.keystore.certificate.chain={}", pem("server.pem")),
        format!("ssl.keystore.key={}", pem("server-key.pem")),
        format!("ssl.truststore.certificates={}", pem("certificate.pem")),
        jaas("plain", "plain.PlainLoginModule", &format!("user_exotrace=\"{password}\" user_guest=\"{password}\"")),
        jaas("scram-sha-256", "scram.ScramLoginModule", ""),
        jaas("scram-sha-512", "scram.ScramLoginModule", ""),
        jaas("oauthbearer", "oauthbearer.OAuthBearerLoginModule", "unsecuredLoginStringClaim_sub=\"exotrace\""),
        format!(
            "listener.name.sign.oauthbearer.sasl.server.callback.handler.class=\
             {modules}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
        ),
    ]);
    // The controller tells the others.
    let mechanisms: &[&str] = if place.controller.is_none() { &["SCRAM-SHA-256", "SCRAM-SHA-512"] } else { &[] };
    for mechanism in mechanisms {
        settings.push(format!("scram={mechanism}=[name=exotrace,password={SCRAM_PASSWORD}]"));
    }
    settings
}
