"""A news site in one file, as Django allows it. It knows nothing of notebooks."""

import sqlite3

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

# In memory, and this connection keeps it there.
DATABASE = "file:/news?vfs=memdb"
keeper = sqlite3.connect(DATABASE, uri=True)

settings.configure(
    DEBUG=True,
    SECRET_KEY="a real site has a better one",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin.apps.SimpleAdminConfig",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        __name__,
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    STATIC_URL="static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
)
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth import views as auth  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.template import engines  # noqa: E402
from django.views.decorators.http import require_GET  # noqa: E402


class Story(models.Model):
    title = models.CharField(max_length=80)
    words = models.IntegerField()

    class Meta:
        verbose_name_plural = "stories"

    def __str__(self):
        return self.title


admin.site.register(Story)
call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Story)
User.objects.create_superuser("editor", password="lantern")
Story.objects.create(title="Tea prices rise", words=420)
Story.objects.create(title="A kettle for every house", words=310)


@require_GET
def stories(request):
    return JsonResponse({"stories": list(Story.objects.order_by("id").values("id", "title"))})


@require_GET
def story(request, id):
    found = get_object_or_404(Story, pk=id)
    return JsonResponse({"title": found.title, "words": found.words})


@require_GET
def export(request):
    lines = (f"{one.title};{one.words}\n" for one in Story.objects.order_by("id"))
    return StreamingHttpResponse(lines, content_type="text/csv")


def suggest(request):
    if request.method == "POST":
        added = Story.objects.create(title=request.POST["title"], words=len(request.POST["text"].split()))
        return JsonResponse({"id": added.id, "words": added.words}, status=201)
    form = '<form method="post">{% csrf_token %}<input name="title"><textarea name="text"></textarea></form>'
    return HttpResponse(engines["django"].from_string(form).render(request=request))


urlpatterns = [
    path("stories/", stories, name="stories"),
    path("stories/<int:id>/", story, name="story"),
    path("stories.csv", export, name="export"),
    path("suggest/", suggest, name="suggest"),
    path("accounts/", include([path("login/", auth.LoginView.as_view(), name="login")])),
    path("admin/", admin.site.urls),
]

# A server in front of a real site has the admin's style sheets.
application = StaticFilesHandler(get_wsgi_application())
