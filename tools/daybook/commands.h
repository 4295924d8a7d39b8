// commands.h
//
// The tool's commands, one function each, with the options that main.cpp reads from the command
// line. Each returns the exit status; CommandFailed and ConfigError become 1 in main. Thread: main.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/daybook/context.h"

namespace daybook {

struct InitOptions {
    std::filesystem::path directory;
    std::string domain;
    std::string hostname;
    std::vector<std::string> accounts;
    bool dev = false;
    bool freePorts = false;
};

int initDirectory(const InitOptions& options);

struct AccountOptions {
    std::string login;
    std::string displayName;
};

int accountAdd(Context& context, const AccountOptions& options);
int accountList(Context& context);
int accountShow(Context& context, const std::string& login);
int accountPassword(Context& context, const std::string& login);
int accountSetState(Context& context, const std::string& login, event::AccountState state);
int accountRemove(Context& context, const std::string& login);

int aliasAdd(Context& context, const std::string& address, const std::string& login);
int aliasList(Context& context);
int aliasRemove(Context& context, const std::string& address, const std::string& login);

int delegateAdd(Context& context, const std::string& owner, const std::string& delegate);
int delegateList(Context& context);
int delegateRemove(Context& context, const std::string& owner, const std::string& delegate);

int domainAdd(Context& context, const std::string& name);
int domainList(Context& context);
int domainRemove(Context& context, const std::string& name);

// Of all domains, if there is no name.
int dkimList(Context& context, const std::string& name);
int dkimRotate(Context& context, const std::string& name, DkimUse use);
int dkimActivate(Context& context, const std::string& name);
int dkimRetire(Context& context, const std::string& name, const std::string& selector);
int dnsRecords(Context& context, const std::string& name);

int mailboxList(Context& context, const std::string& login);
int mailboxShow(Context& context, const std::string& login, const std::string& mailbox);

struct MailboxOptions {
    std::string login;
    std::string mailbox;
    std::vector<std::string> specialUses;  // "sent"
    std::string grantee;                   // a login, or "anyone"
    std::string rights;                    // "lrswi", or "none"
};

int mailboxCreate(Context& context, const MailboxOptions& options);
int mailboxAcl(Context& context, const MailboxOptions& options);
int mailboxSetAcl(Context& context, const MailboxOptions& options);

// Limits: "500MiB", "none", "default"; empty: as it is.
struct QuotaOptions {
    std::string login;
    std::string storage;
    std::string messages;
};

// Of all accounts, if there is no login.
int quotaShow(Context& context, const std::string& login);
int quotaSet(Context& context, const QuotaOptions& options);

// Which of those that wait; empty: any.
struct QueueFilter {
    std::string destination;
    std::string account;
    std::string sender;
    std::string recipient;
    bool held = false;
};

struct QueueActionOptions {
    std::vector<std::string> messages;
    QueueFilter filter;
    bool all = false;
};

struct QueueStatsOptions {
    std::int64_t days = 7;
    std::string domain;
};

int queueList(Context& context, const QueueFilter& filter);
int queueShow(Context& context, const std::string& message);
int queueStats(Context& context, const QueueStatsOptions& options);
int queueAct(Context& context, event::QueueOperation operation, const QueueActionOptions& options);

enum class StatusFormat : std::uint8_t { Table, Rfc3464 };

struct StatusOptions {
    std::string what;                           // a message's id, a Message-ID, an address
    StatusFormat format = StatusFormat::Table;  // or JSON, where that is asked for
    std::uint64_t limit = 20;
};

int deliveryStatus(Context& context, const StatusOptions& options);

int suppressionList(Context& context, const std::string& login);
int suppressionAdd(Context& context, const std::string& login, const std::string& address);
int suppressionRemove(Context& context, const std::string& login, const std::string& address);

struct TailOptions {
    std::uint64_t count = 10;
    bool follow = false;
};

int journalTail(Context& context, const TailOptions& options);
int journalShow(Context& context, std::uint64_t seq);
int journalHistory(Context& context, const std::string& message);
int journalStats(Context& context);

struct LogOptions {
    std::string account;
    std::string address;
    std::string ip;
    std::vector<std::string> kinds;
    std::string message;
    std::string session;
    std::string since;
    std::string until;
    std::uint64_t fromSeq = 0;
    std::uint64_t toSeq = 0;
    std::uint64_t limit = 0;
};

int journalLog(Context& context, const LogOptions& options);

struct VerifyCommandOptions {
    bool fast = false;
    bool full = false;  // the default
    std::uint64_t fromSeq = 1;
};

int journalVerify(Context& context, const VerifyCommandOptions& options);

int replayViews(Context& context, bool check);

int configCheck(Context& context);
int configShowReference();
int reloadServer(Context& context);

int searchIndexStatus(Context& context);
int searchIndexRebuild(Context& context);

}  // namespace daybook
