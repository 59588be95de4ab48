//! From options to a client.

use std::time::Duration;

use secrecy::SecretString;
use stagedoor_inspect::{Endpoint, InspectClient};

use crate::{args::Options, failure::Failure};

const TOKEN: &str = "STAGEDOOR_TOKEN";

pub(crate) async fn connect(
    options: &Options,
    default_limit: Duration,
) -> Result<InspectClient, Failure> {
    let limit = options.timeout.unwrap_or(default_limit);
    Ok(InspectClient::connect(&endpoint(options)?, limit).await?)
}

fn endpoint(options: &Options) -> Result<Endpoint, Failure> {
    let Some(address) = &options.connect else {
        return Ok(Endpoint::Unix(options.socket.clone()));
    };
    let token = match &options.token_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|source| Failure::TokenFile { path: path.clone(), source })?,
        None => std::env::var(TOKEN).map_err(|_| Failure::NoToken)?,
    };
    // Editors end a file with a line break, which is no part of the token.
    let token = SecretString::from(token.trim_end());
    Ok(Endpoint::Tcp { address: address.clone(), token })
}
