using System.Net;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

[Collection<VirtualClusterCollection>]
public class WordPressTests
{
    [Fact]
    public async Task The_install_page_answers_and_the_database_is_not_open_to_strangers()
    {
        using WordPressSite site = new(await VirtualCluster.SiteAsync());
        (HttpStatusCode status, string text) = await site.GetAsync("wp-admin/install.php");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("WordPress", text, StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, (await site.GetAsync("wp-config.php")).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await site.GetAsync("xmlrpc.php")).Status);
    }

    [Fact]
    public async Task A_post_survives_a_restart_of_php_and_caddy()
    {
        using WordPressSite site = new(await VirtualCluster.SiteAsync());
        if (!await site.IsInstalledAsync())
        {
            (_, string page) = await site.GetAsync("wp-admin/install.php");
            Assert.Contains("<title>WordPress &rsaquo; Installation</title>", page, StringComparison.Ordinal);
            await site.InstallAsync();
        }

        await site.LogInAsync();
        string body = $"written at {Guid.NewGuid()}";
        string post = await site.PublishAsync("First light", body);
        foreach (string service in new[] { "php", "caddy" })
        {
            string node = (await VirtualCluster.ReplicasAsync())[service].GetProperty("node").GetString()!;
            await VirtualCluster.ShellAsync(node, $"docker restart $(docker ps -q --filter label=rpi.workload=wordpress.{service})");
        }

        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(30), async () =>
        {
            try
            {
                using WordPressSite again = new(await VirtualCluster.SiteAsync());
                (HttpStatusCode status, string text) = await again.GetAsync(post);
                return status == HttpStatusCode.OK && text.Contains(body, StringComparison.Ordinal) ? null : $"{status}";
            }
            catch (HttpRequestException e)
            {
                return e.Message;
            }
        });
    }
}
