use crate::program::Program;

#[test]
fn every_shell_has_completions() {
    let program = Program::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = program.run(&["completions", shell]);
        assert!(ended.text().contains("orgbridge"), "{shell}");
        assert!(ended.text().contains("connection"), "{shell}");
    }
}

#[test]
fn completions_need_no_configuration() {
    let program = Program::new().with_variable("ORGBRIDGE_RATE_LIMIT", "sometimes");
    program.run(&["completions", "bash"]).text();
}
