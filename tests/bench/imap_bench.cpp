// imap_bench.cpp
//
// IMAP of Daybook beside Dovecot from Debian: the same messages, the same driver, the same run;
// the servers take turns at each workload. Prints JSON lines, one a measurement, then a table of
// medians and of what Dovecot's are as a multiple of Daybook's.
//
//   imap_bench [--runs 3] [--messages 100000] [--servers daybook,dovecot-sdbox,...] [--only ...]
//
// Servers: daybook; dovecot-sdbox, -mdbox, -maildir with fsync as Debian has it; with "-always"
// behind it, mail_fsync = always: only then are its flags on disk before the OK.
//
// Workloads (a mailbox of 100,000 messages of tests/corpus unless said; each on a new connection):
//   select             SELECT
//   flags, bodies      FETCH 1:* FLAGS; FETCH 1:* BODY.PEEK[]
//   structure-first    FETCH 1:* (UID ENVELOPE BODYSTRUCTURE) as the first client ever asks it:
//                      Dovecot's dovecot.index.cache is removed before
//   structure          the same, once more
//   store-each         10,000 STOREs of one flag, each waited for. Dovecot as Debian has it does
//                      not sync flags; Daybook's are on disk before the OK
//   store-piped        the same, 500 sent at a time
//   store-all          one STORE of 10,000 messages
//   search-...         TEXT (no hit; Dovecot without a full-text plugin), TEXT of two letters
//   (which
//                      no index of trigrams answers), SUBJECT, flags
//   sort-..., thread   by date, by subject; REFERENCES
//   notify             one session in IDLE: from LMTP's 250 to its EXISTS
//   idle-1000, -10000  sessions in IDLE: memory each (proportional set size), and notify among
//   them;
//                      Dovecot hibernates the 10,000 (imap_hibernate_timeout), not the 1,000
//   mixed              50 clients on 10 accounts: 40 % FETCH of flags, 15 % of envelopes, 15 % of a
//                      body, 12 % STORE, 8 % APPEND, 2 % EXPUNGE, 3 % SEARCH SUBJECT, 5 % NOOP
//   read-first, -again 50 sessions, each FETCH BODY.PEEK[] of 100 messages one by one: on record.
//                      -again: their window is open; `commits` is what it cost the journal
//   session            memory that a session's large mailbox takes, beside a session that selected
//                      nothing; session-holes: after every third message, at random, was expunged
//
// `ms` is wall time, `serverMs` processor time of all of the server's processes (10 ms apart),
// `driverMs` that of this program: where it comes near `ms`, the driver is what was measured.
// Unlike serve_bench this measures nothing that another server does not do too, but for commits.
// Needs root for Dovecot (accounts with uids of their own); without it, only Daybook is measured.
// --smoke runs everything with small numbers, to see that it works.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "tests/bench/imap_workloads.h"

using daybook::bench::ImapBench;
using daybook::bench::ImapOptions;

namespace {

void raiseDescriptorLimit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    ImapOptions options;
    bool smoke = false;
    CLI::App app("Measures IMAP of Daybook and of Dovecot over loopback");
    app.add_flag("--smoke", smoke);
    app.add_option("--runs", options.runs);
    app.add_option("--messages", options.messages);
    app.add_option("--stores", options.stores);
    app.add_option("--servers", options.servers)->delimiter(',');
    app.add_option("--only", options.only)->delimiter(',');
    app.add_option("--place", options.place);
    app.add_option("--seconds", options.mixedSeconds);
    CLI11_PARSE(app, argc, argv);
    if (smoke) {
        options.runs = 1;
        options.messages = 60;
        options.stores = 20;
        options.idleFew = 4;
        options.idleMany = 8;
        options.sessions = 4;
        options.reads = 5;
        options.deliveries = 3;
        options.mixedSeconds = 0.3;
    }
    raiseDescriptorLimit();
    try {
        ImapBench bench(options);
        bench.run();
    } catch (const std::exception& failure) {
        fmt::print(stderr, "imap_bench: {}\n", failure.what());
        return 1;
    }
    return 0;
}
