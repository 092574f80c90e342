greeting = Buongiorno,
greeting-by-name = Buongiorno { $name },

invitation-subject = { $inviter } ti invita nel gruppo «{ $group }»
invitation-text =
    { $inviter } ti invita a entrare nel gruppo «{ $group }» su { $product }.
    Ne farai parte solo se accetti.
invitation-link = Per accettare, apri questo link:
invitation-code = Per accettare, inserisci questo codice in { $product }:
invitation-code-instead = Oppure inserisci questo codice in { $product }:
invitation-expires =
    { $days ->
        [one] L’invito scade tra { $days } giorno, il { $date }.
       *[other] L’invito scade tra { $days } giorni, il { $date }.
    }
invitation-secret =
    Il codice è destinato solo a te: non inoltrare questo messaggio.
    Se non vuoi entrare nel gruppo, non devi fare nulla.

join-request-subject = { $person } vorrebbe entrare nel gruppo «{ $group }»
join-request-text = { $person } vorrebbe entrare nel gruppo «{ $group }», che amministri su { $product }.
join-request-email = Indirizzo email: { $email }
join-request-message = Il messaggio dice:
join-request-answer =
    Se sei d’accordo, invita questa persona nel gruppo.
    Se non sei d’accordo, non devi fare nulla.

closing = Questo messaggio è stato inviato da { $product }.
