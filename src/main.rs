//! The command line; see `dongbo --help` and the module `cli`.

fn main() -> std::process::ExitCode {
    dongbo::cli::main()
}
