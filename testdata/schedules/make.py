#!/usr/bin/env python3
"""Writes cron.tsv and calendar.tsv: when expressions fire, said by others.

cron.tsv needs the Python package cronsim (2.7), calendar.tsv needs systemd-analyze (systemd 252);
both read the zones of the machine. Tests need neither. Usage: make.py cron|calendar
"""

import hashlib, os, re, subprocess, sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

YEARS = [  # zone, year, the clock changes of the year (UTC)
    ("Europe/Berlin", 2026, ["2026-03-29T01:00", "2026-10-25T01:00"]),
    ("America/New_York", 2026, ["2026-03-08T07:00", "2026-11-01T06:00"]),
    ("America/Sao_Paulo", 2018, ["2018-02-18T02:00", "2018-11-04T03:00"]),
    ("America/Sao_Paulo", 2026, []),
    ("Australia/Lord_Howe", 2026, ["2026-04-04T15:00", "2026-10-03T15:30"]),
    ("Asia/Kathmandu", 2026, []),
    ("Pacific/Apia", 2011, ["2011-04-02T14:00", "2011-09-24T14:00", "2011-12-30T10:00"]),
]

CRON = """0 * * * *
*/15 * * * *
7,37 * * * *
*/20 1-4 * * *
0,30 */2 * * *
10-50/20 */3 * * *
30 2 * * *
0 2 * * *
15 2 * * *
45 1 * * *
30 1 * * *
0 3 * * *
59 2 * * *
0 0 * * *
30 0 * * *
30 23 * * *
0,30 0-3 * * *
15 */3 * * *
5 4 * * sun
0 2 * * 1-5
0 2 * * mon,wed,fri
0 9-17 * * 1-5
0 0 1 * *
0 0 29 2 *
0 0 30 * *
0 0 31 * *
15 2 25,29 3,10 *
0 12 1,15 * 5
0 12 13 * FRI
0 12 */2 * sun
0 12 * * */2
0 12 1-7 * */7
0 0 L * *
30 2 L * *
0 0 LW * *
0 6 * * 5L
0 6 * * 1#1
0 6 * * 1#5
0 6 * * sun#2
0 6 * * 2#1,4#3
30 2 * * 0#4
30 2 * * 7L
0 6 L * 1
*/7 */5 */3 */2 *
5/20 8 * * *
0 0 1 1 *
0 0 * jan,jul 0
1-59/2 2 * * 6,7""".splitlines()

CALENDAR = """hourly
daily
weekly
monthly
quarterly
semiannually
yearly
*:0/15
*:7,37
*:30
*-*-* 02:30:00
*-*-* 02:00
*-*-* 02:15:45
01:45
01:30
*-*-* 03:00
02:59:59
00:00
00:30
23:30
0/2:00
1/3:15
0..3:00,30
9..17:00
Mon..Fri 02:00
Mon,Wed..Thu 2:30
Sat,Sun *-*-* 1..4:0/20:30
Sun *-3,10-25..31 02:30
*-*-1,15 12:00
*-*-31
*-2-29 5:0
*-*~1 2:30
*-*~3
*-2~1
Mon *-05~07/1
*-*~1..7
*-*~9/4 6:00
Fri *-*-13 12:00
2010..2026-*-1..31/7 6:0
2011,2018,2026-10-*
*-2/3-5/9 4:5:6""".splitlines()


# Where CronSim is not what cron does (TestNextIsWhatADaemonDoes has these cases): an hour that begins with
# a star, on the days of a change by half an hour or at midnight.
WRONG = {
    ("Australia/Lord_Howe", "0,30 */2 * * *"), ("Australia/Lord_Howe", "10-50/20 */3 * * *"), ("Australia/Lord_Howe", "15 */3 * * *"),
    ("America/Sao_Paulo", "*/7 */5 */3 */2 *"),
}

# The day that Apia left out. CronSim makes up for it at once; cron starts anew after more than three hours.
LEFT_OUT = datetime(2011, 12, 30, 10, 0, tzinfo=timezone.utc)


def made_up(expression, zone, t):
    """Whether CronSim lets t stand for the day that was left out, and not for itself."""
    from cronsim import CronSim
    wall = datetime(2011, 12, 31)
    return zone == "Pacific/Apia" and t == LEFT_OUT and next(CronSim(expression, wall - timedelta(minutes=1))) != wall


def instants_cron(expression, zone, year):
    from cronsim import CronSim
    if (zone, expression) in WRONG:
        return None
    tz = ZoneInfo(zone)
    start = datetime(year, 1, 1, tzinfo=timezone.utc) - timedelta(seconds=1)
    end = datetime(year + 1, 1, 1, tzinfo=timezone.utc)
    times = []
    for t in CronSim(expression, start.astimezone(tz)):
        u = t.astimezone(timezone.utc)
        if u >= end:
            break
        if not made_up(expression, zone, u):
            times.append(u)
    return times


def instants_calendar(expression, zone, year):
    count, end = 400, datetime(year + 1, 1, 1, tzinfo=timezone.utc)
    while True:
        run = subprocess.run(
            ["systemd-analyze", "calendar", f"--iterations={count}", f"--base-time={year-1}-12-31 23:59:59 UTC", expression],
            env={**os.environ, "TZ": zone, "LC_ALL": "C"}, capture_output=True, text=True)
        if run.returncode != 0:  # systemd 252 gives up where midnight does not exist: "Infinite loop in calendar calculation"
            print(zone, year, expression, run.stderr.strip().splitlines()[-1], file=sys.stderr)
            return None
        out = run.stdout
        found = re.findall(r"\(in UTC\): \w+ (\S+ \S+) UTC", out) or re.findall(r"(?:elapse|#\d+): \w+ (\S+ \S+) UTC", out)
        times = [datetime.fromisoformat(f + "+00:00") for f in found]
        if len(times) < count or times[-1] >= end:
            return [t for t in times if t < end]
        count *= 8


def row(expression, zone, year, changes, times):
    """The number of times, a hash of all, and those within a day and a half of a clock change if they are few."""
    unix = [int(t.timestamp()) for t in times]
    digest = hashlib.sha256("".join(f"{u}\n" for u in unix).encode()).hexdigest()[:16]
    near = []
    for change in changes:
        c = datetime.fromisoformat(change + "+00:00")
        near += [t.strftime("%m-%dT%H:%M:%S") for t in times if abs(t - c) <= timedelta(hours=36)]
    return "\t".join([zone, str(year), expression, str(len(unix)), digest, " ".join(near) if len(near) <= 12 else ""])


def main():
    kind = sys.argv[1]
    expressions, instants = (CRON, instants_cron) if kind == "cron" else (CALENDAR, instants_calendar)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), kind + ".tsv"), "w") as f:
        print("zone\tyear\texpression\ttimes\tsha256\tnear clock changes (UTC)", file=f)
        for zone, year, changes in YEARS:
            for expression in expressions:
                times = instants(expression, zone, year)
                if times is not None:
                    print(row(expression, zone, year, changes, times), file=f)


main()
