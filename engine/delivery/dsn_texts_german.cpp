#include "engine/delivery/dsn_texts.h"

namespace daybook {

namespace {

constexpr const char* kCheckAddress =
    "Prüfen Sie die Adresse auf Tippfehler, oder erfragen Sie auf anderem Weg die richtige. "
    "Senden Sie die Nachricht dann noch einmal.";
constexpr const char* kAskRecipient =
    "Sagen Sie es dem Empfänger auf anderem Weg, oder senden Sie die Nachricht in einigen Tagen "
    "noch einmal.";
constexpr const char* kAskTheirs =
    "Bitten Sie den Empfänger auf anderem Weg, diesen Bericht dem Betreiber seines Mailservers zu "
    "zeigen.";
constexpr const char* kAskOurs =
    "Fragen Sie den Betreiber Ihres Mailservers, und zeigen Sie ihm diesen Bericht.";
constexpr const char* kTryLater = "Senden Sie die Nachricht später noch einmal.";
constexpr const char* kSmaller =
    "Senden Sie eine kleinere Nachricht, oder legen Sie große Anhänge dorthin, wo der Empfänger "
    "sie "
    "abholen kann.";

constexpr StatusText kStatuses[] = {
    {0,
     0,
     "Die Nachricht wurde nicht angenommen; ein genauer Grund ist nicht bekannt.",
     kAskTheirs},
    {1, 0, "Mit der Adresse stimmt etwas nicht.", kCheckAddress},
    {1, 1, "Die Adresse gibt es nicht.", ""},
    {1,
     2,
     "Die Domain der Adresse (was nach dem „@“ steht) nimmt keine Mail an oder existiert "
     "nicht.",
     ""},
    {1, 3, "Die Adresse ist nicht richtig geschrieben.", ""},
    {1, 4, "Die Adresse bezeichnet mehr als ein Postfach.", ""},
    {1, 6, "Das Postfach ist umgezogen, niemand weiß wohin.", ""},
    {1, 7, "Der andere Server hält Ihre eigene Adresse für falsch geschrieben.", kAskOurs},
    {1, 8, "Der andere Server nimmt die Domain Ihrer eigenen Adresse nicht an.", kAskOurs},
    {1,
     9,
     "Der andere Server hat sie an einen weitergegeben, der keine Berichte sendet.",
     kAskTheirs},
    {1, 10, "Die Domain der Adresse sagt, dass sie keine Mail annimmt.", ""},
    {2, 0, "Mit dem Postfach des Empfängers stimmt etwas nicht.", kAskRecipient},
    {2, 1, "Das Postfach ist abgeschaltet und nimmt nichts an.", ""},
    {2, 2, "Das Postfach ist voll.", ""},
    {2, 3, "Die Nachricht ist größer, als dieser Empfänger sie erhalten darf.", kSmaller},
    {2, 4, "Die Mitglieder der Mailingliste ließen sich nicht ermitteln.", kAskTheirs},
    {3, 0, "Mit dem anderen Mailserver stimmt etwas nicht.", kTryLater},
    {3, 1, "Der andere Mailserver hat keinen Platz mehr.", ""},
    {3, 2, "Der andere Mailserver nimmt zurzeit keine Nachrichten an.", ""},
    {3, 3, "Dem anderen Mailserver fehlt eine Fähigkeit, die diese Nachricht braucht.", kAskTheirs},
    {3, 4, "Die Nachricht ist für den anderen Mailserver zu groß.", kSmaller},
    {3, 5, "Der andere Mailserver ist nicht richtig eingerichtet.", kAskTheirs},
    {4, 0, "Das Netz hat die Nachricht nicht durchgelassen.", kTryLater},
    {4, 1, "Der andere Server war nicht zu erreichen.", ""},
    {4, 2, "Die Verbindung zum anderen Server brach ab.", ""},
    {4, 3, "Der Eintrag der Domain im DNS ließ sich nicht abfragen.", ""},
    {4, 4, "Es wurde kein Weg zu der Domain gefunden.", kCheckAddress},
    {4, 5, "Der andere Mailserver ist überlastet.", ""},
    {4, 6, "Die Nachricht ging im Kreis.", kAskTheirs},
    {4, 7, "Die Nachricht war in der Zeit, die sie hatte, nicht zuzustellen.", ""},
    {5, 0, "Die beiden Mailserver haben einander nicht verstanden.", kAskOurs},
    {5, 1, "Der andere Server hat einen unserer Befehle nicht angenommen.", ""},
    {5, 2, "Der andere Server hat einen unserer Befehle nicht verstanden.", ""},
    {5,
     3,
     "Die Nachricht hatte zu viele Empfänger.",
     "Senden Sie sie an weniger Empfänger auf einmal."},
    {5, 4, "Der andere Server hat eine Angabe in unserem Befehl nicht angenommen.", ""},
    {6, 0, "Der andere Server kann den Inhalt dieser Nachricht nicht annehmen.", kAskOurs},
    {6, 1, "Der andere Server nimmt diese Art von Inhalt nicht an.", ""},
    {6, 3, "Die Nachricht müsste umgewandelt werden, und das geht nicht.", ""},
    {6, 7, "Die Adresse hat Buchstaben, die der andere Server nicht annehmen kann.", kAskTheirs},
    {6, 9, "Der Kopf der Nachricht hat Buchstaben, die der andere Server nicht annehmen kann.", ""},
    {7,
     0,
     "Der andere Server hat die Nachricht aus Gründen der Sicherheit oder nach seinen Regeln "
     "abgelehnt.",
     kAskTheirs},
    {7, 1, "Der andere Server will diese Nachricht nicht: Sie verstößt gegen seine Regeln.", ""},
    {7, 2, "Sie dürfen an diese Mailingliste nicht schreiben.", "Fragen Sie, wer die Liste führt."},
    {7, 3, "Die Nachricht ließ sich nicht so schützen, wie sie es muss.", kAskOurs},
    {7, 8, "Unser Server konnte sich am anderen nicht anmelden.", kAskOurs},
    {7, 10, "Eine verschlüsselte Verbindung war nötig, aber nicht zu haben.", kAskTheirs},
    {7, 20, "Der andere Server vermisst eine gültige DKIM-Unterschrift.", kAskOurs},
    {7, 23, "Der andere Server sagt, unserer dürfe für Ihre Domain nicht senden (SPF).", kAskOurs},
    {7,
     25,
     "Der andere Server vermisst einen Namen zur Adresse des unseren (Reverse DNS).",
     kAskOurs},
    {7, 26, "Mehrere Prüfungen, woher die Nachricht kommt, sind gescheitert.", kAskOurs},
    {7,
     30,
     "Die Nachricht verlangt TLS auf dem ganzen Weg, und der andere Server hat es nicht.",
     ""},
};

}  // namespace

const DsnTexts kGermanDsnTexts = {
    .tag = "de",
    .greeting = "Hier ist das Mailsystem von {}.",
    .failed =
        {
            .subject = "Nicht zugestellt",
            .opening =
                "Ihre Nachricht konnte nicht allen zugestellt werden, an die Sie sie gesandt "
                "haben. Unten steht, wer sie nicht bekam und warum.",
            .heading = "NICHT ZUGESTELLT, aufgegeben",
        },
    .delayed =
        {
            .subject = "Verzögert",
            .opening = "Ihre Nachricht ist noch nicht zugestellt. Sie brauchen sie nicht noch "
                       "einmal zu senden: Wir versuchen es weiter. Unten steht, wer warten muss "
                       "und warum.",
            .heading = "VERZÖGERT, wird weiter versucht",
        },
    .delivered =
        {
            .subject = "Zugestellt",
            .opening = "Ihre Nachricht ist zugestellt. Sie wollten das wissen.",
            .heading = "ZUGESTELLT ins Postfach",
        },
    .relayed =
        {
            .subject = "Weitergegeben",
            .opening = "Ihre Nachricht ist an einen anderen Mailserver weitergegeben. Sie wollten "
                       "das wissen.",
            .heading = "WEITERGEGEBEN an einen anderen Mailserver",
        },
    .expanded =
        {
            .subject = "Zugestellt und weitergegeben",
            .opening = "Ihre Nachricht ist an mehrere Adressen weitergegeben. Sie wollten das "
                       "wissen.",
            .heading = "ZUGESTELLT und an mehrere Adressen weitergegeben",
        },
    .subjectLabel = "Betreff",
    .dateLabel = "Datum",
    .toLabel = "An",
    .idLabel = "Unsere Nummer",
    .wayLabel = "Sie schrieben an",
    .adviceLabel = "Was zu tun ist",
    .remoteSaid = "Der Server {} sagte",
    .weSaid = "Unser Server sagt",
    .gaveUp = "Wir haben es so lange versucht, wie wir dürfen.",
    .retries = "Vorerst nichts. Wir versuchen es weiter bis {}.",
    .retriesOn = "Vorerst nichts. Wir versuchen es weiter.",
    .relayedNote =
        "Jener Server berichtet nicht vom Erfolg: Wenn es gelingt, hören Sie nichts mehr "
        "davon.",
    .expandedNote = "Von diesen Adressen können noch Berichte kommen.",
    .returned = "Ihre Nachricht ist angehängt.",
    .headerReturned = "Der Kopf Ihrer Nachricht ist angehängt.",
    .idNote =
        "Wer diesen Mailserver betreibt, kann Ihnen mehr sagen, wenn Sie die Nummer {} nennen.",
    .statuses = kStatuses,
};

}  // namespace daybook
