//! What editors and pictures are made of: tokens, places, diagnoses and completions of expressions, sums and summaries.

use placewright::expr::{self, Slot, Subject, TokenKind, place, tokens};
use placewright::report::{self, CompletionKind};
use placewright::{Cluster, Demand, Instance, Request};

use super::routes::Draws;

/// Three instances, two of them of the stack `prod`.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    for (number, stack) in ["prod", "dev", "prod"].into_iter().enumerate() {
        let name = format!("i-{number}");
        let zone = if number == 0 { "a" } else { "b" };
        let instance = Instance::new(&name).with_resources(1000, 2000).with_zone(zone).with_attribute("stack", stack);
        cluster.register(&if number == 1 { instance.with_flag("spot") } else { instance }).unwrap();
    }
    cluster
}

/// Texts that are nearly expressions, or that are some.
fn nearly(draws: &mut Draws) -> String {
    let pieces = [
        "attribute:stack",
        "attribute:",
        "agentVersion",
        "nosuch",
        "==",
        "!=",
        "=~",
        "!~",
        "in",
        "!in",
        "exists",
        "!exists",
        "not_in",
        "=",
        ">",
        "prod",
        "'two words'",
        "'open",
        "\"",
        "[",
        "]",
        ",",
        "(",
        ")",
        "and",
        "or",
        "not",
        "&&",
        "||",
        "!",
        "&",
        "AND",
        "ä",
        "🎉",
        "2",
        "1.2.3",
        "true",
        "",
    ];
    let predicates = [
        "attribute:stack == prod",
        "not runningTasksCount > 2",
        "agentVersion>=1.2.3",
        "(task:group in ['a b', c])",
        "attribute:a !exists",
        "!(attribute:b =~ [x]+.*)",
        "agentConnected != true",
        "attribute:🎉ä == 1",
    ];
    let mut text = String::new();
    if draws.below(2) == 0 {
        for number in 0..1 + draws.below(4) {
            text.push_str(if number == 0 { "" } else { draws.pick(&[" and ", " or ", "&& ", " || ", " "]) });
            text.push_str(draws.pick(&predicates));
        }
        return text;
    }
    for _ in 0..draws.below(12) {
        text.push_str(draws.pick(&pieces));
        text.push_str(draws.pick(&["", " ", " ", "\t"]));
    }
    text
}

#[test]
fn tokens_cover_any_text_in_order() {
    let mut draws = Draws::new(7);
    let mut compiled = 0;
    for _ in 0..20_000 {
        let text = nearly(&mut draws);
        let mut end = 0;
        for token in tokens(&text) {
            assert!(token.span.start >= end && token.span.end > token.span.start, "{text:?}");
            assert!(text[end..token.span.start].trim_matches([' ', '\t', '\r', '\n']).is_empty(), "{text:?}");
            end = token.span.end;
        }
        assert!(text[end..].trim_matches([' ', '\t', '\r', '\n']).is_empty(), "{text:?}");
        if expr::compile(&text).is_ok() {
            compiled += 1;
            assert!(tokens(&text).iter().all(|token| token.kind != TokenKind::Invalid), "{text:?}");
        }
    }
    assert!(compiled > 2000, "{compiled}");
}

#[test]
fn a_place_is_known_wherever_it_is() {
    let mut draws = Draws::new(11);
    let cluster = cluster();
    for _ in 0..3000 {
        let text = nearly(&mut draws);
        for position in 0..=text.len() + 1 {
            let place = place(&text, position);
            let end = (0..=position.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            assert!(place.span.start <= end && place.span.end == end, "{text:?} at {position}");
            assert_eq!(cluster.complete(&text, position).span, place.span);
        }
    }
    let slot = |text: &str| place(text, text.len()).slot;
    assert_eq!(slot(""), Slot::Operand);
    assert_eq!(slot("attribute:a"), Slot::Operand);
    assert_eq!(slot("attribute:a "), Slot::Operator);
    assert_eq!(slot("attribute:a ="), Slot::Operator);
    assert_eq!(slot("attribute:a == "), Slot::Value);
    assert_eq!(slot("attribute:a == 'x y"), Slot::Value);
    assert_eq!(slot("attribute:a =~ x.*"), Slot::Pattern);
    assert_eq!(slot("attribute:a in "), Slot::List);
    assert_eq!(slot("attribute:a in ["), Slot::Item);
    assert_eq!(slot("attribute:a in [x "), Slot::ItemEnd);
    assert_eq!(slot("attribute:a in [x]"), Slot::Join);
    assert_eq!(slot("attribute:a exists "), Slot::Join);
    assert_eq!(slot("attribute:a exists an"), Slot::Join);
    assert_eq!(slot("attribute:a exists and "), Slot::Operand);
    let inside = place("(not (task:group == ", 20);
    assert_eq!((inside.parentheses, inside.subject), (2, Some(Subject::TaskGroup)));
    assert_eq!(place("attribute:a == b", 12).slot, Slot::Operator);
}

#[test]
fn an_error_has_its_corrections() {
    let first = |text: &str| {
        let diagnosis = report::diagnose(text);
        assert!(diagnosis.canonical.is_none() && diagnosis.diagnostics.len() == 1, "{text}");
        let one = diagnosis.diagnostics.into_iter().next().unwrap();
        assert!(!one.is_warning);
        (one.expected, one.suggestions.into_iter().map(|suggestion| suggestion.text).collect::<Vec<_>>())
    };
    assert_eq!(first("attribute:a = b").1, ["=="]);
    assert_eq!(first("agentVersion contains 1").1, [""; 0]);
    assert_eq!(first("atribute:a exists").1, ["attribute:a"]);
    assert_eq!(first("tsk:group == a").1, ["task:group"]);
    assert_eq!(first("agentConected == true").1, ["agentConnected"]);
    assert_eq!(first("attribute:a exists Or attribute:b exists"), (vec!["and", "or"], vec!["or".to_string()]));
    assert_eq!(first("(attribute:a exists").0, ["and", "or", ")"]);
    assert_eq!(first("runningTasksCount == many").0, ["VALUE"]);
    assert_eq!(first("attribute:a =~ ((").0, ["PATTERN"]);
    // What is too long or too deep is not about what stands there.
    assert!(first(&"a".repeat(3000)).0.is_empty());
    for text in
        ["", "nosuch", "attribute:a", "attribute:a ==", "attribute:a in", "attribute:a in [", "attribute:a in [b"]
    {
        assert!(!first(text).0.is_empty(), "{text:?}");
    }
}

#[test]
fn each_predicate_has_its_own_mistake_and_no_other() {
    let predicates = [
        "nosuch == 1",
        "agentVersion =~ x",
        "attribute: exists",
        "attribute:a*b exists",
        "runningTasksCount > many",
        "agentConnected in [yes, no]",
        "attribute:c =~ '(('",
        "registeredAt < soon",
        "tsk:group == 'ä b'",
        "attribute:stack == prod",
        "not runningTasksCount > 2",
        "agentVersion>=1.2.3",
        "attribute:a !exists",
        "attribute:b =~ [x]+.*",
    ];
    // What ends the reading, with the text that it is told of.
    let ends = [("", None), (" attribute:d exists", Some("attribute:d")), (")", Some(")")), (" and", Some(""))];
    let mut draws = Draws::new(29);
    let mut most = 0;
    for round in 0..4000 {
        let mut text = String::new();
        let mut expected = Vec::new();
        let count = 1 + draws.below(6);
        let mut open = 0;
        for number in 0..count {
            text.push_str(if number == 0 { "" } else { draws.pick(&[" and ", " or ", " && ", "||"]) });
            for _ in 0..draws.below(3) {
                text.push_str(draws.pick(&["(", "not (", "!("]));
                open += 1;
            }
            let predicate = draws.pick(&predicates);
            if let Err(error) = expr::compile(predicate) {
                let span = error.span().unwrap();
                expected.push((error.code(), text.len() + span.start, text.len() + span.end));
            }
            text.push_str(predicate);
            while open > 0 && draws.below(2) == 0 {
                text.push(')');
                open -= 1;
            }
        }
        text.push_str(&")".repeat(open));
        let (end, told) = draws.pick(&ends);
        let before = text.len();
        text.push_str(end);
        let at = match told {
            Some(told) if !told.is_empty() => before + end.find(told).unwrap(),
            _ => text.len(),
        };
        expected.extend(told.map(|told| ("expr.syntax", at, at + told.len())));
        let diagnosis = report::diagnose(&text);
        let found: Vec<_> = diagnosis.diagnostics.iter().map(|one| (one.code, one.span.start, one.span.end)).collect();
        assert_eq!(found, expected, "{round}: {text}");
        assert!(diagnosis.diagnostics.iter().all(|one| !one.is_warning));
        assert_eq!(diagnosis.canonical.is_some(), expected.is_empty(), "{text}");
        most = most.max(found.len());
    }
    assert!(most >= 5, "{most}");
    // Each has what could stand in its place, as if it were alone.
    let both =
        report::diagnose("agentVersion =~ x or (runningTaskCount > 1 and agentConnected == yes) xor").diagnostics;
    let corrections: Vec<_> = both.iter().map(|one| (one.expected.len(), one.suggestions.len())).collect();
    assert_eq!(corrections, [(6, 1), (9, 1), (2, 0), (2, 1)]);
    assert_eq!(both[1].suggestions[0].text, "runningTasksCount");
}

#[test]
fn the_error_of_a_text_is_among_its_mistakes() {
    let mut draws = Draws::new(31);
    let cluster = cluster();
    let mut several = 0;
    for _ in 0..20_000 {
        let text = nearly(&mut draws);
        let all = cluster.diagnose(&text).diagnostics;
        let errors: Vec<_> = all.iter().take_while(|one| !one.is_warning).collect();
        assert!(all[errors.len()..].iter().all(|one| one.is_warning), "{text:?}");
        assert!(errors.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "{text:?}");
        match expr::compile(&text) {
            Ok(_) => assert!(errors.is_empty(), "{text:?}"),
            Err(error) => {
                let is_it =
                    |one: &&report::Diagnostic| one.message == error.message() && Some(one.span) == error.span();
                assert!(errors.iter().any(is_it), "{text:?}");
            }
        }
        several += usize::from(errors.len() > 1);
    }
    assert!(several > 20, "{several}");
}

#[test]
fn a_cluster_warns_of_what_no_instance_has() {
    let cluster = cluster();
    let warnings = |text: &str| {
        let diagnosis = cluster.diagnose(text);
        assert!(diagnosis.canonical.is_some(), "{text}");
        let one = diagnosis.diagnostics.into_iter().map(|one| {
            assert!(one.is_warning);
            (one.code, one.suggestions.into_iter().map(|suggestion| suggestion.text).next().unwrap_or_default())
        });
        one.collect::<Vec<_>>()
    };
    assert_eq!(warnings("attribute:stack == prod and attribute:spot exists and not agentVersion > 1"), []);
    assert_eq!(warnings("attribute:stak == prod"), [("expr.unknown_attribute", "attribute:stack".to_string())]);
    assert_eq!(warnings("attribute:stack == 'prid'"), [("expr.unknown_value", "prod".to_string())]);
    assert_eq!(warnings("attribute:stack in [prod, nothing, dav]").len(), 2);
    assert_eq!(warnings("attribute:stack != nothing and attribute:stack >= a and task:group == nosuch"), []);
    // Of what cannot be read to its end it says nothing: it may be something else.
    assert_eq!(cluster.diagnose("attribute:stak ==").diagnostics.len(), 1);
    assert_eq!(cluster.diagnose("attribute:stack == two words").diagnostics.len(), 1);
    let codes = |text: &str| cluster.diagnose(text).diagnostics.into_iter().map(|one| one.code).collect::<Vec<_>>();
    let wrong = "attribute:stak == prod and (nosuch == 1 or attribute:stack == prid) and agentConnected == 7";
    assert_eq!(codes(wrong), ["expr.unknown_subject", "expr.literal", "expr.unknown_attribute", "expr.unknown_value"]);
    // What is no name at all is one mistake, and not a second one because no instance carries it.
    assert_eq!(codes("attribute:sta*k == prod"), ["expr.syntax"]);
    assert_eq!(codes("attribute:stak =~ '(('"), ["expr.pattern", "expr.unknown_attribute"]);
}

#[test]
fn a_completion_has_what_the_cluster_has() {
    let mut cluster = cluster();
    let texts = |cluster: &Cluster, text: &str| {
        cluster.complete(text, text.len()).items.into_iter().map(|item| item.text).collect::<Vec<_>>()
    };
    let all = cluster.complete("", 0).items;
    assert_eq!(all[0].text, "attribute:ecs.availability-zone");
    assert_eq!(
        (all[2].text.as_str(), all[2].count, all[2].kind),
        ("attribute:stack", Some(3), CompletionKind::Attribute)
    );
    assert_eq!(all.len(), 3 + 6 + 2);
    assert_eq!(texts(&cluster, "attribute:stack == "), ["prod", "dev"]);
    assert_eq!(texts(&cluster, "zone"), ["attribute:ecs.availability-zone"]);
    assert_eq!(texts(&cluster, "agentConnected == "), ["true"]);
    assert_eq!(texts(&cluster, "task:group == "), [""; 0]);
    let request = cluster.prepare(&Request::new("t", Demand::new(1, 1)).with_group("service:a b")).unwrap();
    cluster.place_one(request).unwrap();
    assert_eq!(texts(&cluster, "task:group == "), ["'service:a b'"]);
    let id = cluster.instances().next().unwrap();
    cluster.put_attribute(id, "odd", Some("both ' and \"")).unwrap();
    cluster.put_attribute(id, "quoted", Some("it's")).unwrap();
    assert_eq!(texts(&cluster, "attribute:odd == "), [""; 0]);
    assert_eq!(texts(&cluster, "attribute:quoted == "), ["\"it's\""]);
    for text in ["attribute:quoted == ", "attribute:stack == ", "attribute:stack in [", "attribute:stack exists and "] {
        for item in cluster.complete(text, text.len()).items {
            let whole = format!("{text}{}", item.text);
            let whole = if text.ends_with('[') { whole + "]" } else { whole };
            if item.kind == CompletionKind::Value {
                assert_eq!(cluster.diagnose(&whole).diagnostics, [], "{whole}");
            }
        }
    }
}

#[test]
fn sums_and_summaries_are_those_of_the_instances() {
    let mut cluster = cluster();
    let request = cluster.prepare(&Request::new("t", Demand::new(500, 400)).with_count(4)).unwrap();
    let mut placements = Vec::new();
    cluster.place(request, &mut placements).unwrap();
    let usage = cluster.usage();
    assert_eq!((usage.instances, usage.cpu.registered, usage.cpu.used, usage.memory_mib.used), (3, 3000, 2000, 1600));
    assert_eq!(usage.zones.values().sum::<u64>(), 4);
    let mut left: Vec<(i64, i64)> = Vec::new();
    for id in cluster.instances() {
        let view = cluster.instance(id).unwrap();
        let of = |kind| view.remaining(kind);
        left.push((of(placewright::ResourceKind::Cpu), of(placewright::ResourceKind::Memory)));
    }
    // An instance has twice as much memory as CPU: of what is left, half of the memory pairs with the CPU.
    assert_eq!(usage.memory_mib.stranded, left.iter().map(|(cpu, memory)| (memory - 2 * cpu).max(0)).sum::<i64>());
    assert_eq!(usage.cpu.stranded, left.iter().map(|(cpu, memory)| (cpu - (memory + 1) / 2).max(0)).sum::<i64>());
    let summary = cluster.attribute_summary(1);
    let named: Vec<_> =
        summary.iter().map(|one| (one.name.as_str(), one.count, one.values_total, one.values.len())).collect();
    assert_eq!(named, [("ecs.availability-zone", 3, 2, 1), ("spot", 1, 0, 0), ("stack", 3, 2, 1)]);
    assert_eq!(summary[2].values, [("prod".to_string(), 2)]);
}
