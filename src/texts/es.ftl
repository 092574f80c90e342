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

reason-member = { $person } está en el grupo «{ $group }».
reason-outsider = { $person } todavía no está en el grupo «{ $group }».
reason-administrator = { $person } administra el grupo «{ $group }».
reason-co-administrator = { $person } es coadministrador del grupo «{ $group }».
reason-shared-group = { $person } y { $other } están en el grupo «{ $group }».
reason-oneself = { $person } puede hacerlo con sus propios datos.
reason-owner = Este es el espacio privado de { $person }.
reason-author = { $person } es el autor.
reason-grant-person =
    { $person } ha recibido el derecho de { $right ->
        [view] ver
        [view_details] ver los detalles
        [add] añadir
        [edit] modificar
       *[delete] eliminar
    } en { $place }.
reason-grant-group =
    Todas las personas del grupo «{ $group }» han recibido el derecho de { $right ->
        [view] ver
        [view_details] ver los detalles
        [add] añadir
        [edit] modificar
       *[delete] eliminar
    } en { $place }.
reason-setting = La configuración del grupo «{ $group }» lo permite.
reason-policy = La regla «{ $policy }» lo permite.

denied-not-stored = Aquí no se conoce { $what }.
denied-failed = No se pudo evaluar la regla «{ $policy }».
denied-full = No hay espacio suficiente en { $place }.
denied-forbidden = La regla «{ $policy }» lo prohíbe.
denied-member = Solo pueden hacerlo las personas del grupo «{ $group }».
denied-outsider = { $person } ya está en el grupo «{ $group }».
denied-administrator = Solo puede hacerlo el administrador del grupo «{ $group }».
denied-co-administrator = Solo pueden hacerlo el administrador y los coadministradores del grupo «{ $group }».
denied-grant =
    Hace falta el derecho de { $right ->
        [view] ver
        [view_details] ver los detalles
        [add] añadir
        [edit] modificar
       *[delete] eliminar
    } en { $place }{ $above ->
        [no] .
       *[yes] {" "}o en lo que lo contiene.
    }
denied-author = Solo puede hacerlo el autor, { $person }.
denied-owner = Solo puede hacerlo { $person }, de quien es este espacio privado.
denied-oneself = Nadie puede hacerlo por otra persona.
denied-shared-group = Solo pueden hacerlo quienes comparten un grupo con { $other }.
denied-setting = La configuración del grupo «{ $group }» no lo permite.
denied-hand-over = Antes hay que traspasar el grupo «{ $group }» a otro miembro.
denied-nothing = Ninguna regla lo permite.

tool-of-group = «{ $kind }» del grupo «{ $group }»
tool-of-person = «{ $kind }» de { $person }
content = «{ $id }»
