// drive.mjs: ImapFlow against one server; test_imap_clients.py starts it and checks both sides.
//
//   node drive.mjs SCENARIO '{"port":993,"user":"...","pass":"...","qresync":true}'
//
// Prints JSON lines. A scenario that waits for what others do prints {"ready":...} first.
import { ImapFlow } from 'imapflow';

const [scenario, settings] = process.argv.slice(2);
const { port, user, pass, qresync, secure = true } = JSON.parse(settings);

const say = (value) => console.log(JSON.stringify(value, (key, each) => {
    if (each instanceof Set) return [...each].sort();
    if (each instanceof Map) return Object.fromEntries(each);
    return typeof each === 'bigint' ? Number(each) : each;
}));

const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure,
    auth: { user, pass },
    tls: { rejectUnauthorized: false },
    qresync: Boolean(qresync),
    logger: false,
});
client.on('error', (error) => {
    console.error(error);
    process.exitCode = 1;
});

const mail = (subject) => Buffer.from(
    `From: Carol <carol@elsewhere.test>\r\nTo: <${user}>\r\nSubject: ${subject}\r\n` +
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
    '--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
    Buffer.from(`Grüße, ${subject}`).toString('base64') +
    '\r\n--b\r\nContent-Type: application/octet-stream; name=data\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n--b--\r\n');

const collect = async (stream) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
};

const scenarios = {
    // Folders, and what is in them.
    async folders() {
        say({ capabilities: [...client.capabilities.keys()], enabled: client.enabled });
        say({ folders: (await client.list()).map(({ path, specialUse, subscribed }) =>
            ({ path, specialUse, subscribed })) });
        const created = await client.mailboxCreate(['Büro', 'Entwürfe']);
        say({ created });
        await client.mailboxSubscribe(created.path);
        await client.mailboxRename(created.path, ['Büro', 'Akten']);
        say({ tree: (await client.listTree()).folders.map(({ path }) => path).sort() });
        say({ status: await client.status('Büro/Akten',
            { messages: true, uidNext: true, uidValidity: true, unseen: true, highestModseq: true }) });
        await client.mailboxDelete('Büro/Akten');
        await client.mailboxDelete('Büro');
    },

    async messages() {
        const uids = [];
        for (const number of [1, 2, 3, 4, 5, 6]) {
            const flags = number % 2 ? ['\\Seen', '$Label1'] : [];
            const { uid } = await client.append(
                'INBOX', mail(`flow ${number}`), flags, new Date(Date.UTC(2026, 0, number)));
            uids.push(uid);
        }
        say({ appended: uids });
        const [one, two, three, four, five] = uids.map(String);
        const lock = await client.getMailboxLock('INBOX');
        try {
            say({ exists: client.mailbox.exists, noModseq: Boolean(client.mailbox.noModseq) });
            const query = {
                uid: true, flags: true, envelope: true, bodyStructure: true, size: true,
                internalDate: true, headers: ['subject'], source: true, bodyParts: ['1', '2'],
            };
            for await (const message of client.fetch('1:*', query)) {
                say({ fetched: {
                    uid: message.uid, flags: message.flags, subject: message.envelope.subject,
                    type: message.bodyStructure.type, size: message.size,
                    date: message.internalDate, headers: message.headers.toString(),
                    source: message.source.toString('latin1'),
                    part: message.bodyParts.get('2').toString(),
                } });
            }
            const { content } = await client.download(one, '1', { uid: true });
            say({ downloaded: (await collect(content)).toString() });
            say({ found: await client.search({ subject: 'flow', seen: false }, { uid: true }) });
            say({ byText: await client.search({ body: 'Grüße, flow 3' }, { uid: true }) });
            say({ byOr: await client.search(
                { or: [{ keyword: '$Label1' }, { since: new Date(Date.UTC(2026, 0, 6)) }] },
                { uid: true }) });
            await client.messageFlagsAdd(two, ['\\Flagged', 'Work'], { uid: true });
            await client.messageFlagsRemove({ seen: true }, ['\\Seen'], { uid: true });
            await client.messageFlagsSet(four, ['\\Answered'], { uid: true });
            say({ copied: await client.messageCopy(`${one},${two}`, 'Archive', { uid: true }) });
            say({ moved: await client.messageMove(`${three}:${four}`, 'Archive', { uid: true }) });
            await client.messageDelete(five, { uid: true });
            say({ left: await client.search({ all: true }, { uid: true }) });
        } finally {
            lock.release();
        }
    },

    // Tells every event until three kinds have come.
    async events() {
        await client.mailboxOpen('INBOX');
        const wanted = new Set(['exists', 'flags', 'expunge']);
        const all = new Promise((resolve) => {
            for (const kind of wanted) {
                client.on(kind, (event) => {
                    say({ event: kind, ...event });
                    wanted.delete(kind);
                    if (wanted.size === 0) resolve();
                });
            }
        });
        client.idle().catch((error) => console.error(error));
        say({ ready: true, enabled: client.enabled });
        await all;
    },

    // What changed since a moment: CONDSTORE's and QRESYNC's way.
    async changes() {
        await client.mailboxOpen('INBOX');
        const { highestModseq } = client.mailbox;
        await client.messageFlagsAdd('1', ['\\Flagged']);
        for await (const message of client.fetch(
            '1:*', { uid: true, flags: true }, { uid: true, changedSince: highestModseq })) {
            say({ changed: message.uid, flags: message.flags });
        }
    },
};

await client.connect();
await scenarios[scenario]();
await client.logout();
