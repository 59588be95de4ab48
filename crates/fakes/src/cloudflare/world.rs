//! What there is: live inputs, their outputs and their encoders.

use jiff::Timestamp;
use serde_json::Value;

/// Outputs that a live input may have.
pub(crate) const MAX_OUTPUTS: usize = 50;

/// Where a live input's encoder stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encoder {
    /// There never was one.
    #[default]
    Never,
    /// It is connected.
    Connected,
    /// It went away.
    Disconnected,
    /// What it sends is refused, with this code.
    Errored(String),
}

/// A live input, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputView {
    /// Its id.
    pub uid: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its encoder.
    pub encoder: Encoder,
    /// Its outputs, the oldest first.
    pub outputs: Vec<OutputView>,
}

impl InputView {
    pub(crate) fn is_of(&self, user: &str) -> bool {
        let mut parts = self.name.rsplitn(2, ':');
        *self.name == *user || parts.next() == Some(user)
    }
}

/// An output, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputView {
    /// Its id.
    pub uid: Box<str>,
    /// Where it sends to.
    pub url: Box<str>,
    /// With which key.
    pub stream_key: Box<str>,
    /// Whether it does.
    pub enabled: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) uid: Box<str>,
    pub(crate) stream_key: Box<str>,
    /// What was sent when it was created or updated.
    pub(crate) given: Value,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) keys_rotated: Option<Timestamp>,
    pub(crate) encoder: Encoder,
    pub(crate) encoder_since: Timestamp,
    pub(crate) outputs: Vec<OutputView>,
}

impl Input {
    pub(crate) fn lets_encoders_in(&self) -> bool {
        self.given["enabled"].as_bool().unwrap_or(true)
    }

    pub(crate) fn view(&self) -> InputView {
        InputView {
            uid: self.uid.clone(),
            name: self.given["meta"]["name"].as_str().unwrap_or_default().into(),
            encoder: self.encoder.clone(),
            outputs: self.outputs.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct World {
    inputs: Vec<Input>,
    pub(crate) inputs_created: usize,
    pub(crate) outputs_created: usize,
}

/// Why an output was not created.
#[derive(Debug)]
pub(crate) enum NoOutput {
    NoInput,
    TooMany,
}

impl World {
    pub(crate) fn inputs(&self) -> Vec<InputView> {
        self.inputs.iter().map(Input::view).collect()
    }

    pub(crate) fn all(&self) -> &[Input] {
        &self.inputs
    }

    pub(crate) fn input(&mut self, uid: &str) -> Option<&mut Input> {
        self.inputs.iter_mut().find(|input| *input.uid == *uid)
    }

    pub(crate) fn create_input(&mut self, given: Value) -> Input {
        let now = Timestamp::now();
        let input = Input {
            uid: random_hex().into(),
            stream_key: random_hex().into(),
            given,
            created: now,
            modified: now,
            keys_rotated: None,
            encoder: Encoder::Never,
            encoder_since: now,
            outputs: Vec::new(),
        };
        self.inputs_created += 1;
        self.inputs.push(input.clone());
        input
    }

    pub(crate) fn delete_input(&mut self, uid: &str) -> bool {
        let before = self.inputs.len();
        self.inputs.retain(|input| *input.uid != *uid);
        self.inputs.len() < before
    }

    pub(crate) fn rotate_keys(&mut self, uid: &str) -> Option<Input> {
        let input = self.input(uid)?;
        input.stream_key = random_hex().into();
        input.keys_rotated = Some(Timestamp::now());
        Some(input.clone())
    }

    pub(crate) fn create_output(
        &mut self,
        input: &str,
        url: &str,
        stream_key: &str,
        enabled: bool,
    ) -> Result<OutputView, NoOutput> {
        let input = self.input(input).ok_or(NoOutput::NoInput)?;
        if input.outputs.len() >= MAX_OUTPUTS {
            return Err(NoOutput::TooMany);
        }
        let output = OutputView {
            uid: random_hex().into(),
            url: url.into(),
            stream_key: stream_key.into(),
            enabled,
        };
        input.outputs.push(output.clone());
        self.outputs_created += 1;
        Ok(output)
    }

    pub(crate) fn output(&mut self, input: &str, uid: &str) -> Option<&mut OutputView> {
        self.input(input)?.outputs.iter_mut().find(|output| *output.uid == *uid)
    }

    pub(crate) fn delete_output(&mut self, input: &str, uid: &str) -> Option<OutputView> {
        let outputs = &mut self.input(input)?.outputs;
        let at = outputs.iter().position(|output| *output.uid == *uid)?;
        Some(outputs.remove(at))
    }

    /// Whether there is such a live input, and it lets the encoder in.
    pub(crate) fn encoder(&mut self, uid: &str, encoder: Encoder, now: Timestamp) -> bool {
        let Some(input) = self.input(uid) else { return false };
        if encoder == Encoder::Connected && !input.lets_encoders_in() {
            return false;
        }
        input.encoder = encoder;
        input.encoder_since = now;
        true
    }
}

/// 32 hexadecimal digits, as Cloudflare's ids have.
fn random_hex() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    format!("{:032x}", u128::from_ne_bytes(bytes))
}
