//! Columns and bars as plain text. A table crate would bring terminal handling for what is a dozen lines here.

/// Cells of a bar.
const BAR_CELLS: u64 = 10;

/// What a bar is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pens {
    /// In use before.
    used: char,
    /// In use since.
    new: char,
    /// Free.
    free: char,
    /// Between two percentages.
    arrow: &'static str,
}

impl Pens {
    /// Pens for a terminal that knows block characters, or for one that does not.
    pub(crate) fn new(ascii: bool) -> Self {
        if ascii {
            Self { used: '#', new: '+', free: '.', arrow: "->" }
        } else {
            Self { used: '█', new: '▓', free: '░', arrow: "→" }
        }
    }
}

/// Whether text goes out in UTF-8, as the environment says.
pub(crate) fn is_utf8() -> bool {
    let set =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    let names_utf8 = |locale: String| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    };
    cfg!(windows) || set.is_some_and(names_utf8)
}

/// Rows under a heading, columns padded to their widest cell.
pub(crate) fn columns(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut text = String::new();
    let heading: Vec<String> = heading.iter().map(ToString::to_string).collect();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        // The blanks that are due before the next cell. None come after the last, which may be as long as all items of a bin; and
        // none by `{cell:<width$}`, which panics from a width of 65,536 on.
        let mut due = 0;
        for (cell, width) in row.iter().zip(&widths) {
            line.extend(std::iter::repeat_n(' ', due));
            line.push_str(cell);
            due = width.saturating_sub(cell.chars().count()) + 2;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A bar of used capacity: what was in use before, what came to it, what is free, and both percentages.
pub(crate) fn bar(registered: i64, before: i64, after: i64, pens: Pens) -> String {
    let Some(whole) = u64::try_from(registered).ok().filter(|&whole| whole > 0) else {
        return "-".to_string();
    };
    // More than everything may be in use, and less than nothing.
    let share = |used: i64, of: u64| {
        let used = u64::try_from(used.max(0)).unwrap_or(0);
        (used.saturating_mul(of).saturating_add(whole / 2)) / whole
    };
    let first = share(before, BAR_CELLS).min(BAR_CELLS);
    let second = share(after, BAR_CELLS).clamp(first, BAR_CELLS);
    let cells = (0..BAR_CELLS).map(|cell| match cell {
        cell if cell < first => pens.used,
        cell if cell < second => pens.new,
        _ => pens.free,
    });
    let cells: String = cells.collect();
    let (old, new) = (share(before, 100), share(after, 100));
    if old == new && before == after {
        format!("{cells} {new:>3} %")
    } else {
        format!("{cells} {old:>3} {} {new:>3} %", pens.arrow)
    }
}

/// How much of a small number is in use: before and after where they differ. Without a number there is nothing to use.
pub(crate) fn count(of: Option<i64>, before: i64, after: i64, pens: Pens) -> String {
    match of {
        None => "-".to_string(),
        Some(of) if before == after => format!("{after} of {of}"),
        Some(of) => format!("{before} {} {after} of {of}", pens.arrow),
    }
}

/// An id short enough for a table: the last segment of an ARN, anything else as it is.
pub(crate) fn short(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [vec!["1".to_string(), "ä".to_string()], vec!["22222".to_string(), String::new()]];
        assert_eq!(columns(&["#", "name"], &rows), "#      name\n1      ä\n22222\n");
    }

    #[test]
    fn counts_show_before_and_after() {
        let pens = Pens::new(true);
        assert_eq!(count(Some(4), 1, 3, pens), "1 -> 3 of 4");
        assert_eq!(count(Some(4), 4, 4, pens), "4 of 4");
        assert_eq!(count(None, 0, 0, pens), "-");
    }

    #[test]
    fn bars_show_before_and_after() {
        let pens = Pens::new(true);
        assert_eq!(bar(100, 30, 52, pens), "###++.....  30 ->  52 %");
        assert_eq!(bar(100, 52, 52, pens), "#####.....  52 %");
        assert_eq!(bar(100, 150, 160, pens), "########## 150 -> 160 %");
        assert_eq!(bar(100, -5, 0, pens), "..........   0 ->   0 %");
        assert_eq!(bar(0, 0, 0, pens), "-");
        assert_eq!(bar(i64::MAX, i64::MAX, i64::MAX, pens).chars().count(), 16);
        assert_eq!(bar(3, 0, 3, Pens::new(false)), "▓▓▓▓▓▓▓▓▓▓   0 → 100 %");
    }
}
