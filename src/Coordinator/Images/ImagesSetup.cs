using RpiAgent.Coordinator.Admin;

namespace RpiAgent.Coordinator.Images;

/// <summary>Composition of this feature.</summary>
internal static class ImagesSetup
{
    public static IServiceCollection AddImages(this IServiceCollection services) => services.AddSingleton<IImageIntake, ImageIntake>();
}
