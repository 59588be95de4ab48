//! Compiles the definition of YouTube's StreamList, without protoc.

use std::error::Error;

const PROTO: &str = "proto/youtube_stream_list.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let definition = protox::compile([PROTO], ["proto"])?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .compile_fds(definition)?;
    Ok(())
}
