#include "engine/delivery/https_fetch.h"

#include <curl/curl.h>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/dns/mail_routes.h"
#include "journal/base/ascii.h"
#include "journal/base/freed.h"

namespace daybook {

namespace {

// What an answer's header may have in all: nobody needs more, and libcurl 7.88 has no such limit.
constexpr std::size_t kHeaderOctetsMax = 65'536;

using Easy = std::unique_ptr<CURL, Freed<&::curl_easy_cleanup>>;
using List = std::unique_ptr<curl_slist, Freed<&::curl_slist_free_all>>;
using Url = std::unique_ptr<CURLU, Freed<&::curl_url_cleanup>>;
using Text = std::unique_ptr<char, Freed<&::curl_free>>;

// What a transfer is told by libcurl's callbacks.
struct Transfer {
    std::string* body = nullptr;
    std::size_t octetsMax = 0;
    std::size_t headerOctets = 0;
    bool tooLarge = false;
    const std::atomic<bool>* stopping = nullptr;
};

std::size_t takeBody(char* octets, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.body->size() + count > transfer.octetsMax) {
        transfer.tooLarge = true;
        return CURL_WRITEFUNC_ERROR;
    }
    transfer.body->append(octets, count);
    return count;
}

std::size_t takeHeader(char*, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.headerOctets += count;
    transfer.tooLarge = transfer.tooLarge || transfer.headerOctets > kHeaderOctetsMax;
    return transfer.tooLarge ? CURL_WRITEFUNC_ERROR : count;
}

int mayGoOn(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const Transfer*>(user)->stopping->load() ? 1 : 0;
}

// libcurl wants this once a process, before its first use.
void initializeOnce() {
    static const CURLcode result = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    if (result != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

template <class Value>
void set(const Easy& easy, CURLoption option, Value value) {
    const CURLcode result = ::curl_easy_setopt(easy.get(), option, value);
    if (result == CURLE_OK) return;
    throw std::runtime_error(std::string("libcurl: ") + ::curl_easy_strerror(result));
}

List append(List list, const std::string& text) {
    curl_slist* const longer = ::curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    return List(longer);
}

// "host:port:address,address": what the DNS would have said.
List addressesOf(const HttpsRequest& request) {
    std::string text = request.url.host + ":" + std::to_string(request.url.port) + ":";
    bool first = true;
    for (const std::string& address : request.addresses) {
        if (!std::exchange(first, false)) text += ',';
        const bool six = address.find(':') != std::string::npos;
        text += six ? "[" + address + "]" : address;
    }
    return append(nullptr, text);
}

void setDoor(const Easy& easy, const HttpsRequest& request) {
    const HttpsUrl& url = request.url;
    const std::string text = "https://" + url.host + ":" + std::to_string(url.port) + url.path;
    set(easy, CURLOPT_URL, text.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "https");
    set(easy, CURLOPT_PROXY, "");  // what the environment says of proxies is not for us
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(easy, CURLOPT_NOSIGNAL, 1L);
    // RFC 8461 §3.3: redirects are not followed.
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_USERAGENT, "Daybook");
    set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    set(easy, CURLOPT_PATH_AS_IS, 1L);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
}

void setTrust(const Easy& easy, const HttpsRequest& request) {
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_CERTINFO, 1L);
    if (request.roots.empty()) return;
    set(easy, CURLOPT_CAINFO, request.roots.c_str());
    // Those of the system are no trust anchors then.
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

// RFC 8461 §3.3: only a DNS-ID counts; libcurl would take the common name where there is none.
bool hasDnsId(const Easy& easy) {
    curl_certinfo* information = nullptr;
    const CURLcode result = ::curl_easy_getinfo(easy.get(), CURLINFO_CERTINFO, &information);
    if (result != CURLE_OK || information == nullptr || information->num_of_certs < 1) return false;
    for (const curl_slist* line = information->certinfo[0]; line != nullptr; line = line->next) {
        const std::string_view text = line->data;
        if (!text.starts_with("X509v3 Subject Alternative Name:")) continue;
        return text.find("DNS:") != std::string_view::npos;
    }
    return false;
}

HttpsAnswer::Trouble troubleOf(CURLcode result, const Transfer& transfer) {
    using Trouble = HttpsAnswer::Trouble;
    if (transfer.tooLarge) return Trouble::TooLarge;
    // Another code than these is a connection that did not come about or broke off.
    if (result == CURLE_OK) return Trouble::None;
    if (result == CURLE_PEER_FAILED_VERIFICATION) return Trouble::NotTrusted;
    if (result == CURLE_OPERATION_TIMEDOUT) return Trouble::TimedOut;
    if (result == CURLE_ABORTED_BY_CALLBACK) return Trouble::Stopped;
    return Trouble::Unreachable;
}

std::string whyOf(CURLcode result, const Transfer& transfer, const char* detail) {
    if (transfer.tooLarge) return "the answer is too large";
    if (result == CURLE_OK) return {};
    return *detail != '\0' ? detail : ::curl_easy_strerror(result);
}

void readHead(const Easy& easy, HttpsAnswer& answer) {
    long status = 0;
    ::curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<std::uint16_t>(status);
    const char* type = nullptr;
    ::curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) answer.contentType = type;
}

}  // namespace

std::optional<HttpsUrl> parseHttpsUrl(std::string_view text) {
    // libcurl would take "https:///host" for what a browser's user means.
    constexpr std::string_view kScheme = "https://";
    if (!startsWithIgnoreCase(text, kScheme)) return {};
    if (text.substr(kScheme.size()).starts_with('/')) return {};
    initializeOnce();
    const Url url(::curl_url());
    if (!url) throw std::bad_alloc();
    const std::string copy(text);
    if (::curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK) return {};
    const auto part = [&url](CURLUPart what, unsigned flags = 0) -> std::string {
        char* value = nullptr;
        if (::curl_url_get(url.get(), what, &value, flags) != CURLUE_OK) return {};
        return Text(value).get();
    };
    const std::string host = part(CURLUPART_HOST);
    const bool isName = !host.empty() && host.front() != '[' && isAscii(host) &&
                        host.find_first_not_of("0123456789.") != std::string::npos;
    if (!isName || !part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
        return {};
    }
    const auto port = parseNumber(part(CURLUPART_PORT, CURLU_DEFAULT_PORT), 65'535);
    if (!port || *port == 0) return {};
    const std::string query = part(CURLUPART_QUERY);
    return HttpsUrl{
        .host = lowered(host),
        .port = static_cast<std::uint16_t>(*port),
        .path = part(CURLUPART_PATH) + (query.empty() ? "" : "?" + query),
    };
}

HttpsAnswer fetchHttps(const HttpsRequest& request, const std::atomic<bool>& stopping) {
    initializeOnce();
    HttpsAnswer answer;
    Transfer transfer{
        .body = &answer.body,
        .octetsMax = request.octetsMax,
        .stopping = &stopping,
    };
    const Easy easy(::curl_easy_init());
    if (!easy) throw std::bad_alloc();
    setDoor(easy, request);
    setTrust(easy, request);
    const List addresses = addressesOf(request);
    set(easy, CURLOPT_RESOLVE, addresses.get());
    List fields;
    if (!request.contentType.empty()) {
        fields = append(std::move(fields), "Content-Type: " + request.contentType);
        fields = append(std::move(fields), "Expect:");  // no round trip before the body
        set(easy, CURLOPT_HTTPHEADER, fields.get());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    set(easy, CURLOPT_WRITEFUNCTION, &takeBody);
    set(easy, CURLOPT_WRITEDATA, &transfer);
    set(easy, CURLOPT_HEADERFUNCTION, &takeHeader);
    set(easy, CURLOPT_HEADERDATA, &transfer);
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &mayGoOn);
    set(easy, CURLOPT_XFERINFODATA, &transfer);
    char detail[CURL_ERROR_SIZE] = {};
    set(easy, CURLOPT_ERRORBUFFER, &detail[0]);
    const CURLcode result = ::curl_easy_perform(easy.get());
    answer.trouble = troubleOf(result, transfer);
    answer.why = whyOf(result, transfer, &detail[0]);
    readHead(easy, answer);
    if (answer.trouble == HttpsAnswer::Trouble::None && !hasDnsId(easy)) {
        answer.trouble = HttpsAnswer::Trouble::NotTrusted;
        answer.why = "the certificate has no DNS name among its alternative names";
    }
    if (answer.trouble != HttpsAnswer::Trouble::None) answer.body.clear();
    return answer;
}

Task<HttpsAnswer> askHttps(HttpsParts parts, HttpsRequest request) {
    dns::HostAddresses found = co_await dns::addressesOf(parts.resolver, request.url.host);
    if (found.addresses.empty()) {
        HttpsAnswer none;
        none.trouble = HttpsAnswer::Trouble::Unreachable;
        none.why = std::move(found.why);
        co_return none;
    }
    request.addresses = std::move(found.addresses);
    HttpsAnswer answer = co_await parts.workers.run(
        [&request, &parts] { return fetchHttps(request, parts.stopping); });
    co_return answer;
}

}  // namespace daybook
