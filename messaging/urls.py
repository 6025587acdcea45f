"""Addresses of the inbox, the channels and the files."""

from django.urls import path

from messaging.views import acts, channels, demo, files, home, inbox

urlpatterns = [
    path("mi-dia/", home.mi_dia, name="my-day"),
    path("bandeja/", inbox.inbox, name="inbox"),
    path("bandeja/<uuid:pk>/", inbox.conversation, name="conversation"),
    path("bandeja/<uuid:pk>/anteriores/", inbox.older, name="conversation-older"),
    path("bandeja/<uuid:pk>/ficha/", inbox.card, name="conversation-card"),
    path("bandeja/<uuid:pk>/enviar/", acts.send, name="conversation-send"),
    path("bandeja/<uuid:pk>/plantilla/", acts.send_template, name="conversation-template"),
    path("bandeja/<uuid:pk>/tomar/", acts.take, name="conversation-take"),
    path("bandeja/<uuid:pk>/devolver/", acts.release, name="conversation-release"),
    path("bandeja/<uuid:pk>/leido/", acts.mark_read, name="conversation-read"),
    path("bandeja/<uuid:pk>/asignar/", acts.assign, name="conversation-assign"),
    path("bandeja/<uuid:pk>/cerrar/", acts.close, name="conversation-close"),
    path("bandeja/<uuid:pk>/reabrir/", acts.reopen, name="conversation-reopen"),
    path("bandeja/<uuid:pk>/mensajes/<uuid:message_id>/reintentar/", acts.retry, name="message-retry"),
    path("archivos/<uuid:pk>/", files.attachment, name="attachment"),
    path("canales/", channels.channel_list, name="channels"),
    path("canales/nuevo/<slug:kind>/", channels.new, name="channel-new"),
    path("canales/<uuid:pk>/", channels.detail, name="channel"),
    path("canales/<uuid:pk>/editar/", channels.edit, name="channel-edit"),
    path("canales/<uuid:pk>/credencial/", channels.secret, name="channel-secret"),
    path("canales/<uuid:pk>/probar/", channels.check, name="channel-check"),
    path("canales/<uuid:pk>/encender/", channels.enable, name="channel-enable"),
    path("canales/<uuid:pk>/apagar/", channels.disable, name="channel-disable"),
    path("demo/chat/<uuid:channel_id>/", demo.chat, name="demo-chat"),
]
