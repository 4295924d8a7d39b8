// daybook: the operator's tool. The subcommands as one table of names, options and functions.
//
// Exit status: 0 done, 1 refused or not found, 2 wrong usage; `journal verify`: 0 whole,
// 1 tampered or damaged, 2 incomplete, 3 unreadable, 64 wrong usage.

#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/format.h>
#include <functional>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"
#include "tools/version.h"

namespace {

using namespace daybook;

constexpr int kVerifyWrongUsage = 64;

// What the command line asks for, filled by CLI11, run by main.
struct Request {
    GlobalOptions global;
    InitOptions init;
    AccountOptions account;
    std::string name;
    std::string second;
    TailOptions tail;
    LogOptions log;
    VerifyCommandOptions verify;
    std::uint64_t seq = 0;
    bool check = false;
    std::function<int(Context&)> run;
};

// Taken before and after the command's name: `daybook --dir D journal tail` too.
void addGlobalOptions(CLI::App& app, Request& request) {
    app.add_option("--dir", request.global.directory, "the data directory");
    app.add_option("--config", request.global.config, "its configuration, instead of --dir");
    app.add_flag("--json", request.global.json, "print JSON");
}

CLI::App* command(
    CLI::App& parent,
    const std::string& name,
    const std::string& help,
    Request& request,
    std::function<int(Context&)> run) {
    CLI::App* const app = parent.add_subcommand(name, help);
    addGlobalOptions(*app, request);
    app->callback([&request, run = std::move(run)] { request.run = run; });
    return app;
}

CLI::App* group(
    CLI::App& parent, const std::string& name, const std::string& help, Request& request) {
    CLI::App* const app = parent.add_subcommand(name, help);
    addGlobalOptions(*app, request);
    app->require_subcommand(1);
    return app;
}

void addInit(CLI::App& app, Request& r) {
    CLI::App* const init = app.add_subcommand(
        "init", "make a data directory: configuration, certificate, domain, accounts");
    init->add_option("--dir", r.global.directory, "where; made if it is not there");
    init->add_option("--domain", r.init.domain, "your domain, as in alice@DOMAIN");
    init->add_option("--hostname", r.init.hostname, "this machine's name, as in mail.DOMAIN");
    init->add_option("--account", r.init.accounts, "an account to make; may be repeated");
    init->add_flag("--dev", r.init.dev, "a local playground: loopback, ports 2000 and up");
    init->add_flag("--free-ports", r.init.freePorts, "take free ports (see run/ports.json)");
    init->callback([&r] {
        r.run = [&r](Context&) {
            r.init.directory = r.global.directory;
            return initDirectory(r.init);
        };
    });
}

void addAccount(CLI::App& app, Request& r) {
    CLI::App& accounts = *group(app, "account", "accounts: who may log in and receive", r);
    CLI::App* const add =
        command(accounts, "add", "add one; asks for its password", r, [&](auto& c) {
        return accountAdd(c, r.account);
    });
    add->add_option("login", r.account.login, "its address: alice@example.org")->required();
    add->add_option("--name", r.account.displayName, "a person's name");
    command(accounts, "list", "all of them", r, [](auto& c) { return accountList(c); });
    const auto withLogin = [&](const char* name, const char* help, auto run) {
        command(accounts, name, help, r, run)->add_option("login", r.name)->required();
    };
    withLogin("show", "one, with its addresses", [&](auto& c) { return accountShow(c, r.name); });
    withLogin("passwd", "set its password", [&](auto& c) { return accountPassword(c, r.name); });
    withLogin("disable", "no login, no mail, until enabled", [&](auto& c) {
        return accountSetState(c, r.name, event::AccountState::DISABLED);
    });
    withLogin("enable", "undo disable", [&](auto& c) {
        return accountSetState(c, r.name, event::AccountState::ACTIVE);
    });
    withLogin("remove", "remove it; its history stays", [&](auto& c) {
        return accountRemove(c, r.name);
    });
}

void addAddresses(CLI::App& app, Request& r) {
    CLI::App& aliases = *group(app, "alias", "other addresses that lead to accounts", r);
    const auto withTwo = [&](const char* name, const char* help, auto run) {
        CLI::App* const alias = command(aliases, name, help, r, run);
        alias->add_option("address", r.name, "the alias: info@example.org")->required();
        alias->add_option("login", r.second, "the account that gets its mail")->required();
    };
    withTwo("add", "mail for ADDRESS goes to LOGIN too", [&](auto& c) {
        return aliasAdd(c, r.name, r.second);
    });
    withTwo("remove", "undo add", [&](auto& c) { return aliasRemove(c, r.name, r.second); });
    command(aliases, "list", "all addresses", r, [](auto& c) { return aliasList(c); });

    CLI::App& domains = *group(app, "domain", "the domains that are ours", r);
    command(domains, "add", "receive for it", r, [&](auto& c) { return domainAdd(c, r.name); })
        ->add_option("domain", r.name)
        ->required();
    command(
        domains,
        "remove",
        "needs no address left",
        r,
        [&](auto& c) { return domainRemove(c, r.name); })
        ->add_option("domain", r.name)
        ->required();
    command(domains, "list", "all of them", r, [](auto& c) { return domainList(c); });

    CLI::App& mailboxes = *group(app, "mailbox", "what is in the mailboxes now", r);
    command(
        mailboxes,
        "list",
        "the mailboxes of an account",
        r,
        [&](auto& c) { return mailboxList(c, r.name); })
        ->add_option("account", r.name)
        ->required();
    CLI::App* const show = command(mailboxes, "show", "the messages of a mailbox", r, [&](auto& c) {
        return mailboxShow(c, r.name, r.second.empty() ? "INBOX" : r.second);
    });
    show->add_option("account", r.name)->required();
    show->add_option("mailbox", r.second, "default: INBOX");
}

void addLog(CLI::App& journal, Request& r) {
    CLI::App* const log = command(journal, "log", "events, by what they concern", r, [&](auto& c) {
        return journalLog(c, r.log);
    });
    log->add_option("--account", r.log.account, "of this account");
    log->add_option("--address", r.log.address, "that name this address");
    log->add_option("--ip", r.log.ip, "from this IP address");
    log->add_option("--kind", r.log.kinds, "of this kind (Stored, AuthFailed ...); repeatable");
    log->add_option("--message", r.log.message, "of this message id");
    log->add_option("--session", r.log.session, "of this session id");
    log->add_option("--since", r.log.since, "not before: 2026-11-24T01:37Z (UTC) or @SECONDS");
    log->add_option("--until", r.log.until, "not after");
    log->add_option("--from", r.log.fromSeq, "not before this event");
    log->add_option("--to", r.log.toSeq, "not after this event");
    log->add_option("--limit", r.log.limit, "stop after so many");
}

void addJournal(CLI::App& app, Request& r) {
    CLI::App& journal = *group(app, "journal", "what happened, in order", r);
    CLI::App* const tail = command(
        journal, "tail", "the last events", r, [&](auto& c) { return journalTail(c, r.tail); });
    tail->add_flag("-f,--follow", r.tail.follow, "go on with new ones");
    tail->add_option("-n,--count", r.tail.count, "how many (default: 10)");
    command(
        journal,
        "show",
        "one event, with every field",
        r,
        [&](auto& c) { return journalShow(c, r.seq); })
        ->add_option("seq", r.seq)
        ->required();
    command(
        journal,
        "history",
        "the life of one message",
        r,
        [&](auto& c) { return journalHistory(c, r.name); })
        ->add_option("message", r.name, "the id of the 250 reply, or a Message-ID")
        ->required();
    addLog(journal, r);
    command(journal, "stats", "how many of what", r, [](auto& c) { return journalStats(c); });
    CLI::App* const verify = command(journal, "verify", "is the record whole?", r, [&](auto& c) {
        return journalVerify(c, r.verify);
    });
    verify->add_flag("--fast", r.verify.fast, "events and roots, not the content");
    verify->add_flag("--full", r.verify.full, "annexes and blobs too (the default)")
        ->excludes("--fast");
    verify->add_option("--from", r.verify.fromSeq, "content from this event on");
    verify->footer("Exit status: 0 whole, 1 tampered or damaged, 2 incomplete, 3 unreadable.");
}

void addRest(CLI::App& app, Request& r) {
    command(app, "replay", "rebuild the views from the journal and use them", r, [&](auto& c) {
        return replayViews(c, r.check);
    })->add_flag("--check", r.check, "only compare with the live ones, by digest");
    CLI::App& config = *group(app, "config", "the configuration", r);
    command(config, "check", "is it right?", r, [](auto& c) { return configCheck(c); });
    command(config, "reference", "every setting, explained", r, [](Context&) {
        return configShowReference();
    });
    command(app, "reload", "certificates and configuration, without a restart", r, [](auto& c) {
        return reloadServer(c);
    });
}

int perform(Request& request) {
    try {
        Context context(request.global);
        const int status = request.run(context);
        if (std::fflush(stdout) == 0) return status;
        sayNote("not everything could be written to standard output");
        return kRefused;
    } catch (const ConfigError& error) {
        for (const std::string& problem : error.problems()) {
            sayNote(problem);
        }
        return kRefused;
    } catch (const UsageError& error) {
        sayNote(error.what());
        return kWrongUsage;
    } catch (const std::exception& error) {
        sayNote(error.what());
        return kRefused;
    }
}

// A reader that has seen enough (head, less) ends us. POCO's static objects block the signal.
void endQuietlyOnClosedPipe() {
    std::signal(SIGPIPE, SIG_DFL);
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    endQuietlyOnClosedPipe();
    // Nothing that the tool makes is for other users, whatever the caller's habits are.
    ::umask(S_IRWXG | S_IRWXO);
    Request request;
    CLI::App app("daybook: sets up, runs and audits a Daybook mail server");
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("daybook ") + kVersion);
    addGlobalOptions(app, request);
    addInit(app, request);
    addAccount(app, request);
    addAddresses(app, request);
    addJournal(app, request);
    addRest(app, request);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (app.exit(error) == 0) return kDone;
        const bool verify = app.got_subcommand("journal") &&
                            app.get_subcommand("journal")->got_subcommand("verify");
        return verify ? kVerifyWrongUsage : kWrongUsage;
    }
    return perform(request);
}
