using System.Net;
using System.Text.Json;
using Xunit;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>Uses a WordPress site as a person with a browser does: forms and cookies.</summary>
internal sealed class WordPressSite : IDisposable
{
    private const string User = "admin";
    private const string Password = "Correct-Horse-7-Battery";
    private readonly HttpClient _http;

    public WordPressSite(Uri address)
    {
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public void Dispose() => _http.Dispose();

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<bool> IsInstalledAsync() => (await GetAsync("wp-admin/install.php")).Text.Contains("Already Installed", StringComparison.Ordinal);

    /// <summary>The "five-minute install": fills in the one form.</summary>
    public async Task InstallAsync()
    {
        string text = await PostAsync("wp-admin/install.php?step=2", new()
        {
            ["weblog_title"] = "A box of Pis",
            ["user_name"] = User,
            ["admin_password"] = Password,
            ["admin_password2"] = Password,
            ["pw_weak"] = "on",
            ["admin_email"] = "admin@example.org",
            ["language"] = "",
            ["Submit"] = "Install WordPress",
        });
        Assert.Contains("Success!", text, StringComparison.Ordinal);
    }

    public async Task LogInAsync()
    {
        await GetAsync("wp-login.php");
        string text = await PostAsync("wp-login.php", new() { ["log"] = User, ["pwd"] = Password, ["wp-submit"] = "Log In", ["testcookie"] = "1" });
        Assert.Contains("Dashboard", text, StringComparison.Ordinal);
    }

    /// <summary>Publishes a post by WordPress's REST interface with the session's nonce; gives its address.</summary>
    public async Task<string> PublishAsync(string title, string body)
    {
        string nonce = (await GetAsync("wp-admin/admin-ajax.php?action=rest-nonce")).Text;
        using HttpRequestMessage request = new(HttpMethod.Post, "?rest_route=/wp/v2/posts");
        request.Headers.Add("X-WP-Nonce", nonce);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["title"] = title, ["content"] = body, ["status"] = "publish" });
        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, $"publishing gave {response.StatusCode}: {text}");
        using JsonDocument answer = JsonDocument.Parse(text);
        return $"?p={answer.RootElement.GetProperty("id").GetInt64()}";
    }

    private async Task<string> PostAsync(string path, Dictionary<string, string> form)
    {
        using FormUrlEncodedContent content = new(form);
        using HttpResponseMessage response = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"POST {path} gave {response.StatusCode}: {text[..Math.Min(500, text.Length)]}");
        return text;
    }
}
