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

reason-member = { $person } fa parte del gruppo «{ $group }».
reason-outsider = { $person } non fa ancora parte del gruppo «{ $group }».
reason-administrator = { $person } amministra il gruppo «{ $group }».
reason-co-administrator = { $person } è coamministratore del gruppo «{ $group }».
reason-shared-group = { $person } e { $other } fanno parte entrambi del gruppo «{ $group }».
reason-oneself = { $person } può farlo con i propri dati.
reason-owner = Questo è lo spazio privato di { $person }.
reason-author = { $person } è l’autore.
reason-grant-person =
    { $person } ha ricevuto il diritto di { $right ->
        [view] visualizzare
        [view_details] vedere i dettagli
        [add] aggiungere
        [edit] modificare
       *[delete] eliminare
    } su { $place }.
reason-grant-group =
    Tutti nel gruppo «{ $group }» hanno ricevuto il diritto di { $right ->
        [view] visualizzare
        [view_details] vedere i dettagli
        [add] aggiungere
        [edit] modificare
       *[delete] eliminare
    } su { $place }.
reason-setting = Le impostazioni del gruppo «{ $group }» lo consentono.
reason-policy = La regola «{ $policy }» lo consente.

denied-not-stored = { $what } non è noto qui.
denied-failed = Non è stato possibile valutare la regola «{ $policy }».
denied-full = Non c’è spazio sufficiente in { $place }.
denied-forbidden = La regola «{ $policy }» lo vieta.
denied-member = Possono farlo solo le persone del gruppo «{ $group }».
denied-outsider = { $person } fa già parte del gruppo «{ $group }».
denied-administrator = Può farlo solo l’amministratore del gruppo «{ $group }».
denied-co-administrator = Possono farlo solo l’amministratore e i coamministratori del gruppo «{ $group }».
denied-grant =
    Occorre il diritto di { $right ->
        [view] visualizzare
        [view_details] vedere i dettagli
        [add] aggiungere
        [edit] modificare
       *[delete] eliminare
    } su { $place }{ $above ->
        [no] .
       *[yes] {" "}o su ciò che lo contiene.
    }
denied-author = Può farlo solo l’autore, { $person }.
denied-owner = Può farlo solo { $person }, a cui appartiene questo spazio privato.
denied-oneself = Nessuno può farlo al posto di un’altra persona.
denied-shared-group = Possono farlo solo le persone che hanno un gruppo in comune con { $other }.
denied-setting = Le impostazioni del gruppo «{ $group }» non lo consentono.
denied-hand-over = Il gruppo «{ $group }» deve prima essere ceduto a un altro membro.
denied-nothing = Nessuna regola lo consente.

tool-of-group = «{ $kind }» del gruppo «{ $group }»
tool-of-person = «{ $kind }» di { $person }
content = «{ $id }»
