# Short names. Everything here also works without just.

# List the recipes
default:
    @just --list --unsorted

# Run the daemon in development mode
run *arguments:
    cargo run --package stagedoord -- {{arguments}}

# Ask the running daemon: `just ask tree`
ask *arguments:
    cargo run --quiet --package stagedoor-cli -- {{arguments}}

# Everything that is tested, documents and the phoenix client included
test:
    cargo xtask test

# What CI runs
ci:
    .ci/run

# Rust tests only, of one package or all: `just unit -p stagedoor-presence`
unit *arguments:
    cargo nextest run {{arguments}}

# Format
fmt:
    cargo fmt --all

# Clippy, where a warning is an error
lint:
    cargo xtask lint

# The API documentation
docs:
    cargo doc --workspace --no-deps --open

# Licences, advisories, sources (needs cargo-deny)
deny:
    cargo xtask deny

# Every parser, for two seconds each (needs cargo-fuzz)
fuzz:
    cargo xtask fuzz

# Measure, beside the peer; prints a table
bench *arguments:
    cargo run --release --package stagedoor-bench -- {{arguments}}
