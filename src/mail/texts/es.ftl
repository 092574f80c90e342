greeting = Hola:
greeting-by-name = Hola, { $name }:

invitation-subject = { $inviter } te invita al grupo «{ $group }»
invitation-text =
    { $inviter } te invita a unirte al grupo «{ $group }» en { $product }.
    Solo formarás parte de él si aceptas.
invitation-link = Para aceptar, abre este enlace:
invitation-code = Para aceptar, introduce este código en { $product }:
invitation-code-instead = O introduce este código en { $product }:
invitation-expires =
    { $days ->
        [one] La invitación caduca dentro de { $days } día, el { $date }.
       *[other] La invitación caduca dentro de { $days } días, el { $date }.
    }
invitation-secret =
    El código es solo para ti: no reenvíes este mensaje.
    Si no quieres unirte al grupo, no tienes que hacer nada.

join-request-subject = { $person } quiere unirse al grupo «{ $group }»
join-request-text = { $person } quiere unirse al grupo «{ $group }», que administras en { $product }.
join-request-email = Correo electrónico: { $email }
join-request-message = El mensaje dice:
join-request-answer =
    Si estás de acuerdo, invita a esta persona al grupo.
    Si no estás de acuerdo, no tienes que hacer nada.

closing = { $product } ha enviado este mensaje.
