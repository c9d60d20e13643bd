//! Memory stays flat whatever a window holds.

use std::{fs, io::Read as _, process::Child, thread, time::Duration};

use exotrace_simulator::TenantConfig;

use crate::tenant::Served;

/// Collects one window of so many rows in pages of 5,000. Returns the most memory that the program had, in bytes.
fn peak(rows: usize) -> usize {
    let served = Served::new(TenantConfig { rows, ..TenantConfig::default() });
    let settings = served.settings(&(served.by_secret() + "batch_size = 5000\n"));
    let mut program = served.start(&["run", "--once"], &settings, &[]);
    let mut documents = program.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let (mut buffer, mut lines) = (vec![0; 1 << 16], 0);
        loop {
            match documents.read(&mut buffer).unwrap() {
                0 => return lines,
                count => lines += buffer[..count].iter().filter(|byte| **byte == b'\n').count(),
            }
        }
    });
    let peak = watch(&mut program);
    assert!(program.wait().unwrap().success());
    assert_eq!(reader.join().unwrap(), rows);
    peak
}

/// Looks at the program until it ends; Linux keeps the peak.
fn watch(program: &mut Child) -> usize {
    let file = format!("/proc/{}/status", program.id());
    let mut peak = 0;
    while program.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&file).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = kilobytes.and_then(|text| text.parse().ok()).map_or(peak, |kilobytes: usize| kilobytes * 1024);
        thread::sleep(Duration::from_millis(5));
    }
    peak
}

#[test]
fn a_window_of_many_pages_takes_no_more_memory_than_one_of_two() {
    let (few, many) = (peak(10_000), peak(50_000));
    println!("10,000 rows: {} MB, 50,000 rows: {} MB", few / 1_000_000, many / 1_000_000);
    assert!(few > 0 && many < few + few / 4, "{few} bytes for 10,000 rows, {many} for 50,000");
}
