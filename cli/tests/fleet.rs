//! `fleet`: catalogues in three forms, columns and markets, and what is refused with its place.

use serde_json::{Value, json};

use crate::{Output, assert_refused, folder, run, run_with};

const CATALOGUE: &str = "\
instance_type,category,arch,alloc_cpu_milli,alloc_memory_mib,gpu_count,price_usd_hour,spot,most
small,m,x86_64,2000,4000,,0.1,0.04,
large,m,arm64,4000,8000,,0.17,,3
burst,t,x86_64,4000,8000,,0.01,0.001,
gpu,g,x86_64,4000,8000,1,1.5,0.5,
";

/// A folder with the catalogue.
fn catalogue(name: &str) -> String {
    let path = folder(name).join("types.csv");
    std::fs::write(&path, CATALOGUE).unwrap();
    path.to_str().unwrap().to_string()
}

/// Plans a mix.
fn fleet(mix: &Value, args: &[&str]) -> Output {
    run_with(&[&["fleet", "-"], args].concat(), mix.to_string().as_bytes())
}

/// Plans a mix, which works.
fn plan(mix: &Value, args: &[&str]) -> Value {
    let output = fleet(mix, args);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{output:?}");
    serde_json::from_str(&output.out).unwrap()
}

/// Four items of half a small one.
fn mix() -> Value {
    json!({"dimensions": ["cpu", "memory"], "items": [{"id": "web", "demand": [1000, 2000], "count": 4}],
        "options": {"steps": 100_000}})
}

#[test]
fn items_without_room_give_an_exit_code_of_their_own() {
    let path = catalogue("exit");
    let mut mix = mix();
    mix["items"][0]["demand"] = json!([9000, 1]);
    let output = fleet(&mix, &["--catalogue", &path]);
    assert_eq!((output.code, output.err.as_str()), (Some(3), ""), "{output:?}");
    let plan: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!((&plan["cost"], &plan["unpacked"][0]["count"]), (&json!(0), &json!(4)));
}

#[test]
fn the_contract_is_kept() {
    let path = catalogue("contract");
    let answer = plan(&mix(), &["--catalogue", &path]);
    assert_eq!((&answer["cost"], &answer["value"], &answer["lowerBound"]), (&json!(0.17), &json!(0.17), &json!(0.17)));
    assert_eq!(answer["optimal"], true);
    assert_eq!(
        answer["bins"],
        json!([{"type": "large", "count": 1, "items": [[0, 4]], "offer": "large", "zone": null,
        "cost": 0.17}])
    );
    assert_eq!(
        answer["alternatives"][0],
        json!({"name": "single-type", "type": "large", "cost": 0.17, "instances": 1,
        "missing": 0})
    );
    assert_eq!(
        answer["rooms"][1],
        json!({"dimension": "memory", "capacity": 8000, "used": 8000, "left": 0, "stranded": 0})
    );
    // Burstable types when they are wanted, and expressions over every column.
    assert_eq!(plan(&mix(), &["--catalogue", &path, "--burstable"])["cost"], json!(0.01));
    let only = plan(&mix(), &["--catalogue", &path, "--only", "attribute:ecs.cpu-architecture == x86_64"]);
    assert_eq!(only["bins"][0]["type"], "small");
    let headroom = plan(&mix(), &["--catalogue", &path, "--headroom", "10"]);
    assert_eq!((&headroom["cost"], &headroom["rooms"][0]["capacity"]), (&json!(0.27), &json!(5400)));
}

#[test]
fn markets_limits_and_gpus_are_columns() {
    let path = catalogue("markets");
    let markets = ["--catalogue", &path, "--price", "on-demand=price_usd_hour", "--price", "spot=spot"];
    let mut mix = mix();
    let answer = plan(&mix, &markets);
    assert_eq!((&answer["cost"], &answer["bins"][0]["type"]), (&json!(0.08), &json!("small/spot")));
    mix["items"][0]["memberOf"] = json!(["attribute:market == on-demand"]);
    assert_eq!(plan(&mix, &markets)["bins"][0]["type"], "large/on-demand");
    let mut many = self::mix();
    many["items"][0]["count"] = json!(20);
    let answer = plan(&many, &["--catalogue", &path, "--limit", "most"]);
    assert_eq!(answer["cost"], json!(0.91));
    let shares = json!({"dimensions": ["cpu"], "items": [{"demand": [10], "gpuShare": 500, "count": 3}],
        "options": {"steps": 100_000}});
    assert_eq!(plan(&shares, &["--catalogue", &path])["cost"], 3);
    let dimension = json!({"dimensions": ["cpu", "gpu"], "items": [{"demand": [10, 1], "count": 3}],
        "options": {"steps": 100_000}});
    assert_eq!(plan(&dimension, &["--catalogue", &path])["cost"], 4.5);
}

#[test]
fn catalogues_may_be_json_and_in_the_mix() {
    let folder = folder("forms");
    let file = |name: &str, value: &Value| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_string()
    };
    let rows = file(
        "rows.json",
        &json!([
        {"name": "a", "millicores": 2000, "mib": "4000", "usd": 0.1},
        {"name": "b", "millicores": 4000, "mib": 8000, "usd": 0.15, "note": "new"}]),
    );
    let columns = ["--id", "name", "--price", "usd", "--column", "cpu=millicores", "--column", "memory=mib"];
    let answer = plan(&mix(), &[&["--catalogue", rows.as_str()], columns.as_slice()].concat());
    assert_eq!(answer["cost"], json!(0.15));
    let bins = json!([{"id": "c", "capacity": [4000, 8000], "cost": 0.12}]);
    assert_eq!(plan(&mix(), &["--catalogue", &file("bins.json", &bins)])["cost"], json!(0.12));
    let mut within = mix();
    within["catalogue"] = bins;
    within["bins"] = json!([{"id": "i-1", "capacity": [1000, 9000]}]);
    within["fleet"] = json!({"zones": ["x", "y"], "zonesMin": 2, "current": [{"type": "c", "count": 2}]});
    let answer = plan(&within, &[]);
    assert_eq!((&answer["zones"], &answer["cost"]), (&json!(["x", "y"]), &json!(0.24)));
    assert_eq!(answer["shortOfZones"], false);
    assert!(answer["alternatives"].as_array().unwrap().iter().any(|other| other["name"] == "current"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let path = catalogue("wrong");
    let refused = |mix: &Value, args: &[&str], words: &[&str]| {
        let output = fleet(mix, args);
        assert_refused(&output);
        words.iter().for_each(|word| assert!(output.err.contains(word), "{output:?}"));
    };
    refused(&mix(), &["--catalogue", &path, "--price", "price_usd"], &["types.csv", "`price_usd`", "price_usd_hour"]);
    refused(&mix(), &["--catalogue", &path, "--column", "cpu"], &["cpu=millicores"]);
    refused(&mix(), &["--catalogue", &path, "--price", "arch"], &["types.csv:2", "`arch`", "x86_64"]);
    refused(&mix(), &["--catalogue", &path, "--column", "cpu=arch"], &["types.csv:2", "no integer"]);
    refused(&mix(), &["--catalogue", &path, "--headroom", "100"], &["headroom"]);
    refused(&mix(), &["--catalogue", "nowhere.csv"], &["nowhere.csv"]);
    let folder = folder("hostile");
    for (name, text) in [
        ("twice.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,1,1,1\na,1,1,1\n"),
        ("decimals.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,1,1,0.0000001\n"),
        ("negative.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,-1,1,1\n"),
        ("nan.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,1,1,NaN\n"),
        ("huge.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,99999999999999999999,1,1\n"),
        ("ragged.csv", "instance_type,alloc_cpu_milli,alloc_memory_mib,price_usd_hour\na,1\n"),
        ("columns.csv", "instance_type,instance_type\na,b\n"),
        ("number.json", "[1]"),
        ("object.json", "{}"),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        refused(&mix(), &["--catalogue", path.to_str().unwrap()], &[name]);
    }
    let mut wrong = mix();
    wrong["fleet"] = json!({"headroom": 10});
    refused(&wrong, &["--catalogue", &path], &["headroomPercent"]);
    wrong["fleet"] = json!({"current": [{"type": "gone"}]});
    refused(&wrong, &["--catalogue", &path], &["fleet.current[0]", "gone"]);
    assert_refused(&run(&["fleet", "-", "--catalogue", "-"]));
}

#[test]
fn arguments_hold_for_offers_of_the_mix_too() {
    let mut mix = mix();
    mix["catalogue"] = json!([
        {"id": "arm", "capacity": [2000, 8000], "cost": 0.05, "attributes": {"arch": "arm64"}},
        {"id": "x86", "capacity": [2000, 8000], "cost": 0.07, "attributes": {"arch": "x86_64"}}
    ]);
    assert_eq!(plan(&mix, &[])["bins"][0]["type"], "arm");
    let answer = plan(&mix, &["--only", "attribute:arch == x86_64"]);
    assert_eq!((&answer["bins"][0]["type"], &answer["cost"]), (&json!("x86"), &json!(0.14)));
    // Of 2,000 are 1,000 left: one item each.
    assert_eq!(plan(&mix, &["--headroom", "50"])["bins"][0]["count"], 4);
}

#[test]
fn a_table_has_the_plan_its_alternatives_and_its_room() {
    let path = catalogue("table");
    let mut mix = mix();
    mix["bins"] = json!([{"id": "i-1", "capacity": [1000, 9000]}]);
    mix["fleet"] = json!({"current": [{"type": "small", "count": 2}]});
    let output = fleet(&mix, &["--catalogue", &path, "--format", "table"]);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{output:?}");
    let answer = plan(&mix, &["--catalogue", &path]);
    let rows: Vec<Vec<&str>> = output.out.lines().map(|line| line.split_whitespace().collect()).collect();
    let has = |cells: &[&str]| assert!(rows.iter().any(|row| row.as_slice() == cells), "{cells:?}: {}", output.out);
    has(&["value", &answer["cost"].to_string()]);
    has(&["packed", "4", "of", "4", "items", "in", "2", "instances"]);
    // One that runs already, and one to buy.
    has(&["1", "i-1", "-", "0", "1", "web"]);
    has(&["1", "large", "-", "0.17", "3", "web"]);
    has(&["single-type", "large", "0.17", "2", "0"]);
    has(&["current", "-", "0.2", "2", "0"]);
    has(&["cpu", "5000", "4000", "1000", "0"]);
    has(&["memory", "17000", "8000", "9000", "7000"]);
    has(&["small", "2", "0"]);
    has(&["large", "0", "1"]);
    // Zones that cannot be had are told, and what has no room.
    mix["fleet"] = json!({"zones": ["x", "y"], "zonesMin": 2});
    mix["bins"] = json!([]);
    mix["items"] = json!([{"id": "web", "demand": [1000, 2000]}, {"id": "huge", "demand": [9000, 1], "count": 3}]);
    let output = fleet(&mix, &["--catalogue", &path, "--format", "table"]);
    assert_eq!(output.code, Some(3));
    assert!(output.out.contains("in fewer zones than are asked for"), "{}", output.out);
    assert!(output.out.lines().last().unwrap().starts_with("3         huge  its demand of 9000"), "{}", output.out);
}

#[test]
fn a_mix_without_a_catalogue_is_told_where_one_comes_from() {
    let output = fleet(&mix(), &[]);
    assert_refused(&output);
    for word in [
        "--catalogue",
        "CSV",
        "instance_type",
        "price_usd_hour",
        "JSON",
        "cli/samples/types.csv",
        "`catalogue` in the mix",
    ] {
        assert!(output.err.contains(word), "{word}: {output:?}");
    }
    // What is wrong with the mix comes first, and an empty catalogue is one: does it fit what runs?
    let output = fleet(&json!({}), &[]);
    assert!(output.err.contains("key `dimensions` is missing"), "{output:?}");
    let mut within = mix();
    within["catalogue"] = json!([]);
    within["bins"] = json!([{"id": "i-1", "capacity": [4000, 9000]}]);
    assert_eq!(plan(&within, &[])["cost"], 0);
    within["catalogue"] = Value::Null;
    assert_refused(&fleet(&within, &[]));
}

#[test]
fn an_offer_without_a_price_is_refused_with_its_place() {
    let mut within = mix();
    within["catalogue"] =
        json!([{"id": "c", "capacity": [4000, 8000], "cost": 0.1}, {"id": "d", "capacity": [4000, 8000]}]);
    let folder = folder("priceless");
    let path = folder.join("bins.json");
    std::fs::write(&path, within["catalogue"].to_string()).unwrap();
    let of_file = fleet(&mix(), &["--catalogue", path.to_str().unwrap()]);
    for (output, place) in [(fleet(&within, &[]), "catalogue[1]"), (of_file, "bins.json")] {
        assert_refused(&output);
        for word in [place, "[1]", "`d`", "`cost`", "price"] {
            assert!(output.err.contains(word), "{word}: {output:?}");
        }
    }
    within["catalogue"][1]["cost"] = json!(0);
    assert_eq!(plan(&within, &[])["cost"], 0);
    // In a table a row without a price is no offer of that market, and a column must be there.
    let path = folder.join("types.csv");
    let header = "instance_type,alloc_cpu_milli,alloc_memory_mib";
    std::fs::write(&path, format!("{header},price_usd_hour\na,4000,8000,\nb,4000,8000,0.3\n")).unwrap();
    assert_eq!(plan(&mix(), &["--catalogue", path.to_str().unwrap()])["bins"][0]["type"], "b");
    std::fs::write(&path, format!("{header}\na,4000,8000\n")).unwrap();
    let output = fleet(&mix(), &["--catalogue", path.to_str().unwrap()]);
    assert_refused(&output);
    assert!(output.err.contains("no column `price_usd_hour`"), "{output:?}");
}
