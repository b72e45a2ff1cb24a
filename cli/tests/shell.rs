//! Help, version and completions.

use crate::{root, run};

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

/// The commands that the README shows, with their files, work and warn of nothing.
#[test]
fn commands_of_the_readme_warn_of_nothing() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let readme = readme.replace("\\\n", "");
    let part = readme.split("\n## ").find(|part| part.starts_with("On the command line")).unwrap();
    let commands = part.lines().filter_map(|line| line.strip_prefix("placewright "));
    let mut number = 0;
    for command in commands.filter(|command| !command.starts_with("conformance")) {
        // What stands in quotes is one argument.
        let parts = command.split('\'').enumerate();
        let words =
            parts.flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
        let output = run(&words.collect::<Vec<_>>());
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{command}");
        number += 1;
    }
    assert_eq!(number, 5);
}
