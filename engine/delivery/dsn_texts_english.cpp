#include "engine/delivery/dsn_texts.h"

namespace daybook {

namespace {

constexpr const char* kCheckAddress =
    "Check the address for typing errors, or ask the person by other means for the right one. "
    "Then send the message again.";
constexpr const char* kAskRecipient =
    "Tell the recipient by other means, or send the message again in a few days.";
constexpr const char* kAskTheirs =
    "Ask the recipient by other means to show this report to whoever runs that mail server.";
constexpr const char* kAskOurs = "Ask whoever runs your mail server, and show this report.";
constexpr const char* kTryLater = "Send the message again later.";
constexpr const char* kSmaller =
    "Send a smaller message, or put large attachments where the recipient can fetch them.";

constexpr StatusText kStatuses[] = {
    {0, 0, "The message was not accepted; no precise reason is known.", kAskTheirs},
    {1, 0, "Something is wrong with the address.", kCheckAddress},
    {1, 1, "The address does not exist.", ""},
    {1,
     2,
     "The domain of the address (what follows the \"@\") takes no mail or does not exist.",
     ""},
    {1, 3, "The address is not well-formed.", ""},
    {1, 4, "The address means more than one mailbox.", ""},
    {1, 6, "The mailbox has moved, and nobody knows where to.", ""},
    {1, 7, "The other server takes your own address for malformed.", kAskOurs},
    {1, 8, "The other server does not accept the domain of your own address.", kAskOurs},
    {1, 9, "The other server passed it on to one that sends no reports.", kAskTheirs},
    {1, 10, "The domain of the address says that it takes no mail.", ""},
    {2, 0, "There is something wrong with the recipient's mailbox.", kAskRecipient},
    {2, 1, "The mailbox is switched off and takes no messages.", ""},
    {2, 2, "The mailbox is full.", ""},
    {2, 3, "The message is larger than this recipient may receive.", kSmaller},
    {2, 4, "The mailing list could not be resolved into its members.", kAskTheirs},
    {3, 0, "There is something wrong with the other mail server.", kTryLater},
    {3, 1, "The other mail server has no room left.", ""},
    {3, 2, "The other mail server takes no messages at the moment.", ""},
    {3, 3, "The other mail server lacks a feature that this message needs.", kAskTheirs},
    {3, 4, "The message is too large for the other mail server.", kSmaller},
    {3, 5, "The other mail server is not set up rightly.", kAskTheirs},
    {4, 0, "The network did not let the message through.", kTryLater},
    {4, 1, "The other server could not be reached.", ""},
    {4, 2, "The connection to the other server broke off.", ""},
    {4, 3, "The domain's entry in the DNS could not be looked up.", ""},
    {4, 4, "No way to the domain was found.", kCheckAddress},
    {4, 5, "The other mail server is too busy.", ""},
    {4, 6, "The message went round in circles.", kAskTheirs},
    {4, 7, "The message could not be delivered in the time that it had.", ""},
    {5, 0, "The two mail servers did not understand each other.", kAskOurs},
    {5, 1, "The other server did not take one of our commands.", ""},
    {5, 2, "The other server did not understand one of our commands.", ""},
    {5, 3, "The message had too many recipients.", "Send it to fewer recipients at a time."},
    {5, 4, "The other server did not take a parameter of our command.", ""},
    {6, 0, "The other server cannot take the contents of this message.", kAskOurs},
    {6, 1, "The other server does not take this kind of contents.", ""},
    {6, 3, "The message would have to be converted, and that is not possible.", ""},
    {6, 7, "The address has letters that the other server cannot take.", kAskTheirs},
    {6, 9, "The message has letters in its header that the other server cannot take.", ""},
    {7, 0, "The other server refused the message for reasons of security or policy.", kAskTheirs},
    {7, 1, "The other server does not want this message: it is against its rules.", ""},
    {7, 2, "You may not write to this mailing list.", "Ask the owner of the list."},
    {7, 3, "The message could not be protected as it must be.", kAskOurs},
    {7, 8, "Our server could not log in to the other one.", kAskOurs},
    {7, 10, "No encrypted connection could be had, and one is needed.", kAskTheirs},
    {7, 20, "The other server misses a valid DKIM signature.", kAskOurs},
    {7, 23, "The other server says that ours may not send for your domain (SPF).", kAskOurs},
    {7, 25, "The other server misses a name for the address of ours (reverse DNS).", kAskOurs},
    {7, 26, "Several checks of where the message comes from have failed.", kAskOurs},
    {7, 30, "The message asks for TLS on the whole way, and the other server has it not.", ""},
};

}  // namespace

const DsnTexts kEnglishDsnTexts = {
    .tag = "en",
    .greeting = "This is the mail system at {}.",
    .failed =
        {
            .subject = "Not delivered",
            .opening = "Your message could not be delivered to everybody whom you sent it to. "
                       "Below is who did not get it, and why.",
            .heading = "NOT DELIVERED, given up",
        },
    .delayed =
        {
            .subject = "Delayed",
            .opening = "Your message has not been delivered yet. You need not send it again: we go "
                       "on trying. Below is who has to wait, and why.",
            .heading = "DELAYED, still being tried",
        },
    .delivered =
        {
            .subject = "Delivered",
            .opening = "Your message was delivered. You asked to be told.",
            .heading = "DELIVERED into the mailbox",
        },
    .relayed =
        {
            .subject = "Passed on",
            .opening = "Your message was passed on to another mail server. You asked to be told.",
            .heading = "PASSED ON to another mail server",
        },
    .expanded =
        {
            .subject = "Delivered and passed on",
            .opening = "Your message was passed on to several addresses. You asked to be told.",
            .heading = "DELIVERED and passed on to several addresses",
        },
    .subjectLabel = "Subject",
    .dateLabel = "Date",
    .toLabel = "To",
    .idLabel = "Our id",
    .wayLabel = "You wrote to",
    .adviceLabel = "What to do",
    .remoteSaid = "The server {} said",
    .weSaid = "Our server says",
    .gaveUp = "We have tried for as long as we may.",
    .retries = "Nothing, for now. We go on trying until {}.",
    .retriesOn = "Nothing, for now. We go on trying.",
    .relayedNote =
        "That server sends no reports on success: unless it fails, you will hear no more.",
    .expandedNote = "You may still get reports from these addresses.",
    .returned = "Your message is attached.",
    .headerReturned = "The header of your message is attached.",
    .idNote = "Who runs this mail server can tell you more if you name the id {}.",
    .statuses = kStatuses,
};

}  // namespace daybook
