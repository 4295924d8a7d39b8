// transcript_runner.h
//
// Plays a dialogue from a text file over TCP, each against a server of its own:
//
//     @ door mx|submission|lmtp|pop3|imap      first; which listener
//     @ max 1000                          message limit; @ no-plaintext; @ no-tls
//     @ rates 2                           so many of everything that is counted, here too
//     @ listener POLICY                   what its table says: see policy() in the .cpp
//     @ delegated OWNER DELEGATE          DELEGATE may send as OWNER
//     @ delivered alice@example.org TEXT  before the dialogue, with escapes
//     # a comment
//     C: a line that the client sends
//     R: octets that the client sends, with escapes, without CRLF
//     S: a line that the server must send; * stands for anything
//     M: the last line of a reply of SMTP that has several; what is before it is passed over
//     T:                                  the client begins TLS
//     E:                                  the server must end here
//
// Escapes, in C: and R: too: \r \n \0 \\ \xHH, and {base64:...} with escapes inside.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace daybook::test {

// Says file, line, what was expected and what came.
class TranscriptFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

void playTranscript(const std::filesystem::path& file);

// True if `text` fits `pattern`, in which * stands for any octets.
bool fits(std::string_view text, std::string_view pattern);

}  // namespace daybook::test
