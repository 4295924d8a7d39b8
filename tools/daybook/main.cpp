// daybook: the operator's tool. The subcommands as one table of names, options and functions.
//
// Exit status: 0 done, 1 refused or not found, 2 wrong usage; `journal verify`: 0 whole,
// 1 tampered or damaged, 2 incomplete, 3 unreadable, 64 wrong usage.

#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/format.h>
#include <functional>
#include <memory>
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
    MailboxOptions mailbox;
    QuotaOptions quota;
    std::string name;
    std::string second;
    QueueFilter queueFilter;
    QueueActionOptions queueAction;
    QueueStatsOptions queueStats;
    StatusOptions status;
    bool rfc3464 = false;
    std::vector<std::string> words;
    TailOptions tail;
    LogOptions log;
    VerifyCommandOptions verify;
    std::uint64_t seq = 0;
    bool check = false;
    bool now = false;
    std::function<int(Context&)> run;
};

// An option's text, where it has one, in the usage line too: CLI11 has "address(1x)" there.
class HelpFormatter final : public CLI::Formatter {
public:
    std::string make_option_usage(const CLI::Option* option) const override {
        const std::string& text = option->get_option_text();
        return text.empty() ? CLI::Formatter::make_option_usage(option) : text;
    }
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

void addKeys(CLI::App& app, Request& r) {
    CLI::App& dkim = *group(app, "dkim", "the keys that a domain signs its mail with", r);
    command(dkim, "list", "all keys, retired ones too", r, [&](auto& c) {
        return dkimList(c, r.name);
    })->add_option("domain", r.name, "default: all domains");
    CLI::App* const rotate =
        command(dkim, "rotate", "make new keys and say what the DNS needs", r, [&](auto& c) {
        return dkimRotate(c, r.name, r.now ? DkimUse::Now : DkimUse::Later);
    });
    rotate->add_option("domain", r.name)->required();
    rotate->add_flag("--now", r.now, "sign with them at once, do not wait for activate");
    command(
        dkim,
        "activate",
        "sign with the new keys, retire the old ones",
        r,
        [&](auto& c) { return dkimActivate(c, r.name); })
        ->add_option("domain", r.name)
        ->required();
    CLI::App* const retire = command(
        dkim, "retire", "sign with a key no more; delete its private half", r, [&](auto& c) {
        return dkimRetire(c, r.name, r.second);
    });
    retire->add_option("domain", r.name)->required();
    retire->add_option("selector", r.second, "as dkim list shows it")->required();

    CLI::App& dns = *group(app, "dns", "what the DNS has to say of a domain", r);
    command(
        dns,
        "records",
        "MX, SPF, DKIM, DMARC and more, as a zone file has them",
        r,
        [&](auto& c) { return dnsRecords(c, r.name); })
        ->add_option("domain", r.name)
        ->required();
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

    CLI::App& delegates = *group(app, "delegate", "accounts that may send as another one", r);
    const auto withOwner = [&](const char* name, const char* help, auto run) {
        CLI::App* const delegate = command(delegates, name, help, r, run);
        delegate->add_option("owner", r.name, "whose addresses: info@example.org")->required();
        delegate->add_option("delegate", r.second, "who may use them: alice@example.org")
            ->required();
    };
    withOwner("add", "DELEGATE may send as OWNER", [&](auto& c) {
        return delegateAdd(c, r.name, r.second);
    });
    withOwner("remove", "undo add", [&](auto& c) { return delegateRemove(c, r.name, r.second); });
    command(delegates, "list", "all of them", r, [](auto& c) { return delegateList(c); });

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

    addKeys(app, r);
}

void addMailboxes(CLI::App& app, Request& r) {
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

    CLI::App* const create = command(mailboxes, "create", "make one, subscribed", r, [&](auto& c) {
        return mailboxCreate(c, r.mailbox);
    });
    create->add_option("account", r.mailbox.login)->required();
    create->add_option("mailbox", r.mailbox.mailbox, "its name: Work/Plans")->required();
    create->add_option(
        "--special-use",
        r.mailbox.specialUses,
        "archive, drafts, junk, sent or trash; repeatable, and taken from the one that has it");
    CLI::App* const acl =
        command(mailboxes, "acl", "who may use it; or, with WHO RIGHTS, who may", r, [&](auto& c) {
        return r.mailbox.grantee.empty() ? mailboxAcl(c, r.mailbox) : mailboxSetAcl(c, r.mailbox);
    });
    acl->add_option("account", r.mailbox.login)->required();
    acl->add_option("mailbox", r.mailbox.mailbox)->required();
    CLI::Option* const who = acl->add_option("who", r.mailbox.grantee, "an account, or anyone");
    CLI::Option* const rights =
        acl->add_option("rights", r.mailbox.rights, "letters of lrswipkxtea (RFC 4314), or none");
    who->needs(rights);

    CLI::App& quota = *group(app, "quota", "how much accounts have and may have", r);
    command(quota, "show", "usage and limits", r, [&](auto& c) {
        return quotaShow(c, r.name);
    })->add_option("account", r.name, "default: all accounts");
    CLI::App* const set = command(
        quota, "set", "limits of its own", r, [&](auto& c) { return quotaSet(c, r.quota); });
    set->add_option("account", r.quota.login)->required();
    set->add_option("--storage", r.quota.storage, "500MiB; none: no limit; default: as configured");
    set->add_option("--messages", r.quota.messages, "a number, none or default");
}

void addFilter(CLI::App& command, QueueFilter& filter) {
    command.add_option("--destination", filter.destination, "only to this domain");
    command.add_option("--account", filter.account, "only what this account sent");
    command.add_option("--sender", filter.sender, "only from this address");
    command.add_option("--recipient", filter.recipient, "only to this address");
}

void addQueue(CLI::App& app, Request& r) {
    CLI::App& queue = *group(app, "queue", "mail that waits for other servers", r);
    CLI::App* const list = command(
        queue, "list", "what waits", r, [&](auto& c) { return queueList(c, r.queueFilter); });
    addFilter(*list, r.queueFilter);
    list->add_flag("--held", r.queueFilter.held, "only what is held");
    command(queue, "show", "one message", r, [&](auto& c) { return queueShow(c, r.name); })
        ->add_option("message", r.name, "its id, as the 250 reply names it")
        ->required();
    CLI::App* const stats = command(queue, "stats", "counts by day and domain", r, [&](auto& c) {
        return queueStats(c, r.queueStats);
    });
    stats->add_option("--days", r.queueStats.days, "so many, today included (default: 7)");
    stats->add_option("--domain", r.queueStats.domain, "only to this domain");
    const auto act = [&](const char* name, const char* help, event::QueueOperation operation) {
        CLI::App* const action = command(queue, name, help, r, [&r, operation](auto& c) {
            return queueAct(c, operation, r.queueAction);
        });
        action->add_option("messages", r.queueAction.messages, "ids of messages");
        addFilter(*action, r.queueAction.filter);
        action->add_flag("--all", r.queueAction.all, "everything in the queue");
    };
    act("retry", "try again at once", event::QueueOperation::RETRY);
    act("hold", "do not try until released", event::QueueOperation::HOLD);
    act("release", "undo hold, and try at once", event::QueueOperation::RELEASE);
    act("remove", "give up; a sender who wants to know is told", event::QueueOperation::REMOVE);
}

void addStatus(CLI::App& app, Request& r) {
    CLI::App* const status =
        command(app, "status", "what became of a message, for each recipient", r, [&](auto& c) {
        if (r.rfc3464) r.status.format = StatusFormat::Rfc3464;
        return deliveryStatus(c, r.status);
    });
    status
        ->add_option(
            "what", r.status.what, "the id of the 250 reply, a <Message-ID>, or an address")
        ->required();
    status->add_flag("--rfc3464", r.rfc3464, "as a delivery status report");
    status->add_option("--limit", r.status.limit, "of an address: so many (default: 20)");

    CLI::App& suppressed =
        *group(app, "suppression", "addresses that an account's mail is not taken for", r);
    command(suppressed, "list", "all of them", r, [&](auto& c) {
        return suppressionList(c, r.name);
    })->add_option("account", r.name, "only of this one");
    CLI::App* const add = command(suppressed, "add", "take no mail for it", r, [&](auto& c) {
        return suppressionAdd(c, r.name, r.second);
    });
    add->add_option("account", r.name, "whose mail")->required();
    add->add_option("address", r.second, "for whom")->required();
    command(
        suppressed,
        "remove",
        "take mail for it again",
        r,
        [&](auto& c) {
        return r.words.size() == 1 ? suppressionRemove(c, "", r.words[0])
                                   : suppressionRemove(c, r.words[0], r.words[1]);
    })
        ->add_option("address", r.words, "without account: for everybody")
        ->option_text("[account] address")
        ->required()
        ->expected(1, 2);
}

void addLog(CLI::App& journal, Request& r) {
    CLI::App* const log = command(journal, "log", "events, by what they concern", r, [&](auto& c) {
        return journalLog(c, r.log);
    });
    log->add_option("--account", r.log.account, "of this account");
    log->add_option("--address", r.log.address, "that name this address, or this other server");
    log->add_option("--ip", r.log.ip, "from this IP address, or with a server there");
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
    CLI::App& search = *group(app, "search-index", "what SEARCH finds words with", r);
    command(search, "status", "how far it is, and how large", r, [](auto& c) {
        return searchIndexStatus(c);
    });
    command(search, "rebuild", "throw it away and make it again", r, [](auto& c) {
        return searchIndexRebuild(c);
    });
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
    app.formatter(std::make_shared<HelpFormatter>());
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("daybook ") + kVersion);
    addGlobalOptions(app, request);
    addInit(app, request);
    addAccount(app, request);
    addAddresses(app, request);
    addMailboxes(app, request);
    addQueue(app, request);
    addStatus(app, request);
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
