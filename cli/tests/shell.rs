//! Help, version and completions.

use crate::run;

#[test]
fn every_shell_has_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{shell}");
        assert!(output.out.contains("placewright") && output.out.contains("conformance"), "{shell}");
    }
    assert_eq!(run(&["completions", "nosuch"]).code, Some(2));
}

#[test]
fn help_has_examples_and_exit_codes() {
    for command in ["place", "query", "replay", "conformance"] {
        let output = run(&[command, "--help"]);
        assert_eq!(output.code, Some(0));
        assert!(output.out.contains("Example") && output.out.contains("Exit codes:"), "{}", output.out);
    }
    assert!(run(&["--help"]).out.contains("Exit codes:"));
    assert!(run(&["--version"]).out.starts_with("placewright "));
    for args in [&[][..], &["nosuch"], &["--nosuch"]] {
        let output = run(args);
        assert!(output.code == Some(2) && output.out.is_empty() && !output.err.is_empty(), "{output:?}");
    }
}
